"""What the stages of a build work on: a folder of drawn documents (of a round or a sweep) at a calibration level."""

import json
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import StageError
from pipeline.prompts import addenda
from pipeline.rounds import read_round, round_folder
from pipeline.settings import build_folder

LEVEL = -2  # the level that the published build settled on (dataset card, "Calibration")


@dataclass(frozen=True, kw_only=True)
class Work:
    """Documents of a build, drawn into `folder`, and the level that they are probed at."""

    build: Path
    folder: Path
    level: int = LEVEL

    @property
    def account(self) -> str:
        """Whose money the calls spend: `demo/rounds/0`."""
        return f"{self.build.name}/{self.folder.relative_to(self.build).as_posix()}"

    @property
    def root(self) -> Path:
        """The folder that holds all data."""
        return self.build.parents[1]

    def check(self, *, finalized: bool = False) -> None:
        """Raise StageError where nothing was drawn, or finalized, or where the probes here are of another level."""
        if read_round(self.folder) is None:
            raise StageError(f"{self.account} has no documents; run the stage sample first.")
        before = read_level(self.folder)
        if finalized and before is None:
            raise StageError(f"{self.account} has no probes; run the stage finalize first.")
        if before not in (None, self.level):
            raise StageError(
                f"{self.account} is made at level {before:+d}, not {self.level:+d}; a round has one level. "
                "Choose another --round."
            )


def read_level(folder: Path) -> int | None:
    """Return the level of the probes in `folder`; None where there are none yet."""
    try:
        return int(json.loads((folder / "finalize.json").read_text(encoding="utf-8"))["level"])
    except FileNotFoundError:
        return None


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what names the work of a stage."""
    parser.add_argument("--build", required=True, metavar="NAME", help="the build")
    parser.add_argument("--round", type=int, default=0, metavar="N", help="number of the round (default: 0)")
    parser.add_argument("--level", type=int, default=LEVEL, metavar="L", help=f"calibration level (default: {LEVEL})")


def work(arguments: Namespace) -> Work:
    """Return the round that the command line names; raises StageError for a level without a prompt."""
    if arguments.level not in addenda():
        raise StageError(f"--level {arguments.level}: there are the levels {', '.join(map(str, addenda()))}.")
    if arguments.round < 0:
        raise StageError(f"--round {arguments.round}: rounds are counted from 0.")
    build = build_folder(arguments.build)
    return Work(build=build, folder=round_folder(build, arguments.round), level=arguments.level)
