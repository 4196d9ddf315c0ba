"""What a free step was made of, so that it is not repeated while nothing has changed."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipeline.files import put_json
from pipeline.models.calls import Stage
from pipeline.models.raw import SUFFIX
from pipeline.rounds import raw_folder

HERE = Path(__file__).parent
CODE = (".py", ".txt", ".toml", ".md", ".sql")
MARKS = "made_of.json"


def fingerprint(folder: Path, *stages: Stage, **settings: Any) -> str:
    """Return what changes with the raw replies of these stages in `folder`, with the settings, and with the code."""
    files = [(path.name, path.stat().st_size) for stage in stages for path in _raw(folder, stage)]
    return sha256(json.dumps([files, settings, _code()], default=str, sort_keys=True).encode()).hexdigest()


def _raw(folder: Path, stage: Stage) -> list[Path]:
    return sorted(raw_folder(folder, stage).glob(f"*{SUFFIX}"))


def _code() -> str:
    digest = sha256()
    for path in sorted(path for path in HERE.rglob("*") if path.suffix in CODE):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_made(folder: Path, step: str, fingerprint: str) -> bool:
    """Return whether `step` was last made of exactly this in `folder`."""
    return _marks(folder).get(step) == fingerprint


def mark(folder: Path, step: str, fingerprint: str) -> None:
    """Record, once its files are written, what `step` was made of."""
    put_json(folder / MARKS, _marks(folder) | {step: fingerprint})


def _marks(folder: Path) -> dict[str, str]:
    try:
        marks: dict[str, str] = json.loads((folder / MARKS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return marks
