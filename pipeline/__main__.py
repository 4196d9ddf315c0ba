"""The command line: `python -m pipeline <stage> ...`; `--help` lists the stages."""

import errno
import sys
from argparse import ArgumentParser

from pipeline.errors import StageError
from pipeline.stages import STAGES
from queries.store import BuildError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # disk, quota or file size limit reached


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
    module = modules[arguments.stage]
    try:
        print(module.run(module.settings(arguments)))
    except (StageError, BuildError) as error:
        print(f"{arguments.stage}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        if error.errno not in FULL:
            raise
        print(f"{arguments.stage}: the disk is full ({error}); what was there before is intact.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{arguments.stage}: interrupted; what was there before is intact.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
