"""Bringing rows into a build and reading its index back, for the tests of import."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipeline.importer import Import, Summary, run
from queries.store import read_index
from tests.builds import Row, document_rows, published_row, write_published

ROOT = Path(__file__).parents[1]
ROWS = [*document_rows(0), *document_rows(1), published_row(doc_id="one-more")]


def table(build: Path, name: str) -> list[Row]:
    """Return the rows of one table of a build's index, part by part."""
    found: list[Row] = []
    for path in getattr(read_index(build), name):
        found += pq.read_table(path).to_pylist()
    return found


def rejects_of(build: Path) -> Path:
    """Return the rejects of the imported rows that the index lists."""
    (part,) = json.loads((build / "index" / "index.json").read_text())["parts"]
    return build / str(part["rejects"]["file"])


def bring(source: Path | str, root: Path, **settings: Any) -> tuple[Path, Summary]:
    """Import `source` into the build `mine` under `root`; return its folder and what was done."""
    build = root / "builds" / "mine"
    return build, run(Import(source=str(source), build=build, **settings))


def as_shards(rows: list[Row], path: Path) -> Path:
    """Write rows as a data set of two shards beside an empty split, and return its folder."""
    folder = path.with_suffix("")
    for number in (0, 1):
        write_published(rows[number::2], folder / "data" / f"train-0000{number}-of-00002.parquet")
        write_published([], folder / "data" / f"test-0000{number}-of-00002.parquet")
    return folder
