"""`build.json`: what a build is called, where it came from, the thresholds of its labels, and its calibration level."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.errors import StageError
from pipeline.files import locked, put_json
from queries.schema import Thresholds

ROOT = Path(__file__).parents[1]
SHAPES_THE_INDEX = (  # a change in any of these, or of rapidfuzz, makes another index of the same source
    "pipeline/probes/cut.py",
    "pipeline/dataset/extra.py",
    "pipeline/indexing/finished.py",
    "pipeline/index.py",
    "pipeline/dataset/hub.py",
    "pipeline/indexing/writer.py",
    "pipeline/dataset/jsonl.py",
    "pipeline/probes/leaks.py",
    "pipeline/probes/locate.py",
    "pipeline/probes/made.py",
    "pipeline/probes/probe.py",
    "pipeline/dataset/published.py",
    "pipeline/rejects.py",
    "pipeline/indexing/rows.py",
    "pipeline/scores.py",
    "pipeline/scoring.py",
    "pipeline/indexing/shards.py",
    "pipeline/dataset/sources.py",
    "pipeline/probes/tokens.py",
    "pipeline/probes/validators.py",
    "pipeline/probes/wording.py",
    "queries/identity.py",
    "queries/part_docs.sql",
    "queries/part_facets.sql",
    "queries/part_probes.sql",
    "queries/part_repeats.sql",
    "queries/schema.py",
    "queries/splits.py",
    "queries/tables.py",
)

CARD_FILE = "rounds/0/source/README.md"  # the card that came with the source

LEVEL = -2  # the level that the published build settled on (dataset card, "Calibration")

Build = dict[str, Any]


class Choice(NamedTuple):
    """The calibration level that a build's next rounds are made at, by whose choice, when, and why."""

    level: int
    by: str
    when: str
    why: str
    sweep: str | None  # the sweep that the choice rests on


def code_version() -> str:
    """Return a name for the code that decides what an index holds."""
    digest = sha256(version("rapidfuzz").encode())  # whose likeness decides where an atom nearly stands
    for name in SHAPES_THE_INDEX:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()[:16]


def read_build(folder: Path) -> Build | None:
    """Return what `build.json` says; None where there is none. Raises StageError where it cannot be read."""
    try:
        written: Build = json.loads((folder / "build.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise StageError(f"{folder / 'build.json'} is damaged ({error}); mend it or delete the build.") from error
    return written


def write_build(folder: Path, *, source: dict[str, Any] | None) -> None:
    """Record where the build came from; thresholds and first day stay as they were."""
    before = read_build(folder) or {
        "name": folder.name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "thresholds": Thresholds()._asdict(),
    }
    put_json(folder / "build.json", before | {"source": source, "code_version": code_version()})


def thresholds(folder: Path) -> Thresholds:
    """Return the two cuts of the build's automatic label, in hundredths; the card's where it has none of its own."""
    return Thresholds(**(read_build(folder) or {}).get("thresholds", {}))


def choices(folder: Path) -> list[Choice]:
    """Return the levels that were chosen for a build, oldest first; the last one holds."""
    return [Choice(**choice) for choice in (read_build(folder) or {}).get("levels", [])]


def chosen_level(folder: Path) -> int:
    """Return the level of a build's next round: the one that was chosen last, else the published build's."""
    made = choices(folder)
    return made[-1].level if made else LEVEL


def choose_level(folder: Path, *, level: int, by: str, why: str, sweep: str | None) -> Choice:
    """Make `level` the one that the next rounds of a build are made at, and return the choice as it is written down.

    Raises StageError without a reason, where there is no build, and while another process writes it.
    """
    if not why.strip():
        raise StageError("Say why this level; who reads the data set will ask.")
    when = datetime.now(UTC).isoformat(timespec="seconds")
    choice = Choice(level, by, when, why.strip(), sweep)
    with locked(folder):
        before = read_build(folder)
        if before is None:
            raise StageError(f"There is no build {folder.name}.")
        made = [each._asdict() for each in (*choices(folder), choice)]
        put_json(folder / "build.json", before | {"levels": made})
    return choice
