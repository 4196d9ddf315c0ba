"""What the stages of a build work on: a folder of drawn documents (of a round or a sweep) at a calibration level."""

import json
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path

from pipeline.addenda import addenda
from pipeline.build import LEVEL, chosen_level
from pipeline.errors import StageError
from pipeline.rounds import read_round, round_folder
from pipeline.settings import build_folder


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
    def is_sweep(self) -> bool:
        """Whether these are the documents of a sweep, with all its levels."""
        return self.folder.parent.name == "sweeps"

    @property
    def asked_as(self) -> str:
        """The name under which the ledger knows what was asked. The rounds of a build share its name, so that none asks
        again what another one did; a sweep, whose replies lie in its own folder, asks for itself."""
        if self.is_sweep:
            return f"{self.build.name}+{self.folder.name}"  # no build has a + in its name
        return self.build.name

    @property
    def addendum(self) -> str:
        """What the level adds to the generator's prompt."""
        return addenda(self.build)[self.level].text

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
    add_level(parser)


def add_level(parser: ArgumentParser) -> None:
    """Declare the level of a round."""
    parser.add_argument(
        "--level",
        type=int,
        metavar="L",
        help=f"calibration level (default: the round's, else the build's, else {LEVEL})",
    )


def work(arguments: Namespace) -> Work:
    """Return the round that the command line names; raises StageError for a level without a prompt."""
    if arguments.round < 0:
        raise StageError(f"--round {arguments.round}: rounds are counted from 0.")
    found = of_round(build_folder(arguments.build), arguments.round, level=arguments.level)
    known = addenda(found.build)
    if found.level not in known:
        raise StageError(f"--level {found.level}: there are the levels {', '.join(map(str, known))}.")
    return found


def of_round(build: Path, number: int, *, level: int | None) -> Work:
    """Return a round of a build at `level`; without one at the level it is made at, else at the build's."""
    folder = round_folder(build, number)
    if level is None:
        level = read_level(folder)
    return Work(build=build, folder=folder, level=chosen_level(build) if level is None else level)
