"""`build.json`: what a build is called, where it came from, and the thresholds of its labels."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline.errors import StageError
from pipeline.files import put_json
from queries.schema import Thresholds

ROOT = Path(__file__).parents[1]
SHAPES_THE_INDEX = (  # a change in any of these, or of rapidfuzz, makes another index of the same source
    "pipeline/cut.py",
    "pipeline/extra.py",
    "pipeline/growth.py",
    "pipeline/hub.py",
    "pipeline/index.py",
    "pipeline/jsonl.py",
    "pipeline/leaks.py",
    "pipeline/locate.py",
    "pipeline/made.py",
    "pipeline/probe.py",
    "pipeline/published.py",
    "pipeline/rejects.py",
    "pipeline/rows.py",
    "pipeline/scores.py",
    "pipeline/scoring.py",
    "pipeline/shards.py",
    "pipeline/sources.py",
    "pipeline/tokens.py",
    "pipeline/validators.py",
    "pipeline/wording.py",
    "queries/identity.py",
    "queries/part_docs.sql",
    "queries/part_facets.sql",
    "queries/part_probes.sql",
    "queries/part_repeats.sql",
    "queries/schema.py",
    "queries/splits.py",
)

CARD_FILE = "rounds/0/source/README.md"  # the card that came with the source

Build = dict[str, Any]


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
