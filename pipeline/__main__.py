"""The command line: `python -m pipeline <stage> ...`; `--help` lists the stages."""

import errno
import signal
import sys
from argparse import ArgumentParser, Namespace
from contextlib import nullcontext

from pipeline.errors import StageError
from pipeline.run_state import LOOKING
from pipeline.stages import STAGES, StageModule
from pipeline.worker import Outcome, recorded
from queries.store import BuildError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # disk, quota or file size limit reached
INTERRUPTED = 128 + signal.SIGINT


def main(words: list[str]) -> int:
    """Run the stage that `words` name and return the exit code: 0, or 2 (130 for Ctrl-C) after one line on stderr."""
    parser = ArgumentParser(prog="python -m pipeline", description=__doc__)
    commands = parser.add_subparsers(dest="stage", required=True, metavar="STAGE")
    modules = {}
    for stage in STAGES:
        command = commands.add_parser(stage.name, help=stage.does, description=stage.does)
        if words[:1] == [stage.name]:
            modules[stage.name] = stage.load()
            modules[stage.name].add_arguments(command)
    arguments = parser.parse_args(words)
    outcome = Outcome()
    try:
        with nullcontext() if _only_looks(arguments) else recorded(words, arguments, outcome=outcome):
            outcome.code, outcome.said = _perform(modules[arguments.stage], arguments)
            _say(outcome)
    except StageError as error:  # before its turn: what is refused, and what is stopped while it waits
        outcome = Outcome(2, f"{arguments.stage}: {error}")
        _say(outcome)
    except KeyboardInterrupt:
        outcome = Outcome(*_interrupted(arguments))
        _say(outcome)
    return outcome.code


def _only_looks(arguments: Namespace) -> bool:
    """Whether nothing is made, so that there is nothing to record as a run."""
    return arguments.stage in LOOKING or bool(getattr(arguments, "estimate", False))


def _perform(module: StageModule, arguments: Namespace) -> tuple[int, str]:
    """Run the stage and return the exit code and what there is to say."""
    try:
        return 0, str(module.run(module.settings(arguments)))
    except (StageError, BuildError) as error:
        return 2, f"{arguments.stage}: {error}"
    except OSError as error:
        if error.errno not in FULL:
            raise
        return 2, f"{arguments.stage}: the disk is full ({error}); what was there before is intact."
    except KeyboardInterrupt:
        return _interrupted(arguments)


def _interrupted(arguments: Namespace) -> tuple[int, str]:
    return INTERRUPTED, f"{arguments.stage}: interrupted; what was there before is intact."


def _say(outcome: Outcome) -> None:
    print(outcome.said, file=sys.stderr if outcome.code else sys.stdout, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
