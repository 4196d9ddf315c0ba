"""Sweeps of the sample's recordings, made once a folder, for the tests of what is done with them."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline import sweep
from pipeline.asking import RECORDED_MODEL, SAMPLE, Asking
from pipeline.run import SAMPLE_SOURCE, SAMPLE_TOKENIZER

ALL = (-3, -2, -1, 0, 1, 2, 3)


def order(root: Path, *, levels: Sequence[int] = ALL, **changes: Any) -> sweep.Order:
    """Return the order of a sweep of the sample's recordings, for the build `demo` under the data root `root`."""
    fields: dict[str, Any] = {
        "build": root / "builds" / "demo",
        "name": "calibration",
        "levels": tuple(levels),
        "documents": 100,
        "source": str(SAMPLE_SOURCE),
        "source_model": RECORDED_MODEL,
        "by": Asking(),
        "tokenizer": str(SAMPLE_TOKENIZER),
    }
    return sweep.Order(**(fields | changes))


def recordings(folder: Path, *, levels: Sequence[int], documents: Sequence[str] = (), changes: Any = None) -> Path:
    """Copy the sample's replies of some levels, of all documents or some, into `folder`; `changes` edits each row."""
    folder.mkdir(parents=True)
    for name in ("generate", "answer", "judge"):
        lines = (SAMPLE / "replies" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        kept = [row for row in rows if row["level"] in levels and (not documents or row["doc_id"] in documents)]
        edited = [changes(name, row) if changes else row for row in kept]
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in edited), encoding="utf-8")
    return folder


def copied(made: Path, root: Path) -> Path:
    """Copy the data root `made` to `root`, which a test may change, and return it."""
    shutil.copytree(made, root, dirs_exist_ok=True)
    return root
