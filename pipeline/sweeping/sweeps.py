"""Sweeps on disk: `builds/<build>/sweeps/<name>/`, the same documents probed at several calibration levels.

A sweep's folder is laid out like a round's: `documents.parquet`, `round.json` and the raw replies of all levels. It
also has `sweep.json`, how it was set up; `levels/<level>/`, what became of each level; `results.json`, what that cost
and which replies were rejected; and an index of its own (queries/store.py), so that it opens like a build, every
question of queries/ can be asked of it, and the index of the rounds stays free of it.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pipeline.errors import StageError
from pipeline.files import put_json
from pipeline.rounds import level_folder
from pipeline.settings import BUILD_NAME

NAME = "calibration"  # of a sweep that is given no other


@dataclass(frozen=True, kw_only=True)
class Level:
    """What the generator's prompt carried at one level, and who wrote it where it is not the shipped text."""

    text: str
    fingerprint: str
    by: str | None = None
    note: str | None = None  # what the recordings say of themselves


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """How a sweep was set up. `frozen` is the level whose sibling, splits and targets the others were told to use."""

    name: str
    made_at: str
    documents: int
    asked: int
    chosen: str  # how the documents were chosen, in words
    seed: int
    frozen: int | None
    backend: str
    model: str
    rollouts: int
    levels: dict[int, Level]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one level. `spent` is in nanodollars by stage; `rejects` counts slots and whole replies."""

    documents: int = 0
    finalized: int = 0
    readings: dict[str, int] = field(default_factory=dict)
    rejects: dict[str, int] = field(default_factory=dict)
    replies: dict[str, int] = field(default_factory=dict)
    spent: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """What a person reads at the end of a sweep."""
        lost = ", ".join(f"{count:,} {reason}" for reason, count in self.rejects.items())
        return f"{self.finalized:,} of {self.documents:,} documents, rejected: {lost or 'nothing'}."


SWEEP, RESULTS = TypeAdapter(Sweep), TypeAdapter(dict[int, Result])


def sweep_folder(build: Path, name: str) -> Path:
    """Return the folder of a sweep, whether it exists or not. Raises StageError for a name that no folder can have."""
    if not BUILD_NAME.fullmatch(name):
        raise StageError(f"{name!r} is no name for a sweep: use 1-64 letters, digits, '.', '_' or '-'.")
    return build / "sweeps" / name


def names(build: Path) -> list[str]:
    """Return the sweeps of a build by name, the newest first."""
    found = [path.parent for path in (build / "sweeps").glob("*/sweep.json")]
    return [folder.name for folder in sorted(found, key=lambda each: (_made_at(each), each.name), reverse=True)]


def free_name(build: Path, name: str) -> str:
    """Return a name like `name` that no sweep of the build has: "calibration-2"."""
    taken, number = set(names(build)), 2
    while f"{name}-{number}" in taken:
        number += 1
    return f"{name}-{number}"


def _made_at(folder: Path) -> str:
    try:
        return read_sweep(folder).made_at
    except StageError:
        return ""  # damaged: opening it says so


def find_sweep(folder: Path) -> Sweep | None:
    """Return how the sweep in `folder` was set up; None where there is none. Raises StageError where it is damaged."""
    return read_sweep(folder) if (folder / "sweep.json").exists() else None


def read_sweep(folder: Path) -> Sweep:
    """Return how the sweep in `folder` was set up. Raises StageError where there is none or it is damaged."""
    try:
        return SWEEP.validate_json((folder / "sweep.json").read_bytes())
    except FileNotFoundError:
        raise StageError(f"There is no sweep {folder.name}.") from None
    except ValidationError as error:
        raise StageError(f"{folder / 'sweep.json'} is damaged ({error.error_count()} faults); make another.") from error


def write_sweep(folder: Path, sweep: Sweep) -> None:
    """Record how a sweep is set up."""
    put_json(folder / "sweep.json", asdict(sweep))


def read_results(folder: Path) -> dict[int, Result]:
    """Return what became of each level so far; empty before any was finalized."""
    try:
        return RESULTS.validate_json((folder / "results.json").read_bytes())
    except (FileNotFoundError, ValidationError):
        return {}


def write_results(folder: Path, results: dict[int, Result]) -> None:
    """Record what became of each level, where that is new."""
    if results != read_results(folder):
        put_json(folder / "results.json", {level: asdict(result) for level, result in sorted(results.items())})


def read_notes(recordings: Path) -> dict[int, str]:
    """Return what a folder of recordings says of its levels (`notes.json`); nothing where it says nothing."""
    try:
        notes = json.loads((recordings / "notes.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {int(level): str(note) for level, note in notes["levels"].items()}


def rejects(folder: Path, *, level: int, doc_id: str, slot: int) -> list[str]:
    """Return, in words, why a document has no probe in a slot at one level of the sweep in `folder`."""
    try:
        lines = (level_folder(folder, level) / "rejects.jsonl").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    found = [json.loads(line) for line in lines]
    return [
        f"{reject['reason']}: {reject['detail']}"
        for reject in found
        if reject["doc_id"] == doc_id and reject["slot"] in (slot, None)
    ]
