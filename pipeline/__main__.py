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
            _perform(modules[arguments.stage], arguments, outcome)
    except StageError as error:
        outcome = Outcome(2, f"{arguments.stage}: {error}")
    except KeyboardInterrupt:
        outcome = Outcome(INTERRUPTED, f"{arguments.stage}: interrupted; what was there before is intact.")
    print(outcome.said, file=sys.stderr if outcome.code else sys.stdout)
    return outcome.code


def _only_looks(arguments: Namespace) -> bool:
    """Whether nothing is made, so that there is nothing to record as a run."""
    return arguments.stage in LOOKING or bool(getattr(arguments, "estimate", False))


def _perform(module: StageModule, arguments: Namespace, outcome: Outcome) -> None:
    try:
        outcome.said = str(module.run(module.settings(arguments)))
        outcome.code = 0
    except (StageError, BuildError) as error:
        outcome.code, outcome.said = 2, f"{arguments.stage}: {error}"
    except OSError as error:
        if error.errno not in FULL:
            raise
        outcome.code = 2
        outcome.said = f"{arguments.stage}: the disk is full ({error}); what was there before is intact."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
