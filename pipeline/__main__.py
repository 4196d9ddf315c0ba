"""The command line: `python -m pipeline <stage> ...`; `--help` lists the stages."""

import os
import signal
import sqlite3
import sys
from argparse import ArgumentParser, Namespace
from contextlib import nullcontext

from pipeline.errors import StageError, of_storage
from pipeline.running.state import LOOKING
from pipeline.running.worker import Outcome, recorded
from pipeline.settings import data_root
from pipeline.stages import STAGES, StageModule
from queries.store import BuildError

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
        _refuse_a_file()
        with nullcontext() if _only_looks(arguments) else recorded(words, arguments, outcome=outcome):
            outcome.code, outcome.said = _perform(modules[arguments.stage], arguments)
            _say(outcome)
    except StageError as error:  # before its turn: what is refused, and what is stopped while it waits
        outcome = Outcome(2, f"{arguments.stage}: {error}")
        _say(outcome)
    except KeyboardInterrupt:
        outcome = Outcome(*_interrupted(arguments))
        _say(outcome)
    except (OSError, sqlite3.Error) as error:  # the record of the run cannot be written
        if not outcome.said or not outcome.code:
            outcome = Outcome(*_refused(arguments, error))
            _say(outcome)
    return outcome.code


def _refuse_a_file() -> None:
    if data_root().exists() and not data_root().is_dir():
        raise StageError(f"The data root {data_root()} is a file; let PROBES_DATA name a folder.")


def _only_looks(arguments: Namespace) -> bool:
    """Whether nothing is made, so that there is nothing to record as a run."""
    return arguments.stage in LOOKING or bool(getattr(arguments, "estimate", False))


def _perform(module: StageModule, arguments: Namespace) -> tuple[int, str]:
    """Run the stage and return the exit code and what there is to say."""
    try:
        return 0, str(module.run(module.settings(arguments)))
    except (StageError, BuildError) as error:
        return 2, f"{arguments.stage}: {error}"
    except (OSError, sqlite3.Error) as error:
        return _refused(arguments, error)
    except KeyboardInterrupt:
        return _interrupted(arguments)


def _refused(arguments: Namespace, error: OSError | sqlite3.Error) -> tuple[int, str]:
    """Return what there is to say of a disk that refused something; anything else is raised again."""
    said = of_storage(error)
    if said is None:
        raise error
    return 2, f"{arguments.stage}: {said}"


def _interrupted(arguments: Namespace) -> tuple[int, str]:
    return (
        INTERRUPTED,
        f"{arguments.stage}: interrupted; what was there before is intact, and the same command goes on.",
    )


def _say(outcome: Outcome) -> None:
    try:
        print(outcome.said, file=sys.stderr if outcome.code else sys.stdout, flush=True)
    except BrokenPipeError:
        _let_go()


def _let_go() -> None:
    """Write no more to a reader that has seen enough, as `head` has, or Python complains once more at its exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BrokenPipeError:  # what a stage says while it runs
        _let_go()
        sys.exit(128 + signal.SIGPIPE)
