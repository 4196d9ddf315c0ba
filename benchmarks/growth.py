"""How long one new document takes to appear in a build that is already large: from its part to an answer about it."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.synthetic import Published
from benchmarks.table import Figure
from pipeline.dataset.sources import Stored
from pipeline.indexing import shards
from pipeline.indexing.writer import Manifest, read_manifest, write_manifest, write_part
from queries.schema import Filter
from queries.store import Store, read_index
from queries.tables import CARD

TIMES = 5
APPEARS_MS = 2_000


def figures(build: Path, published: Published) -> Iterator[Figure]:
    """Yield, in milliseconds, what a part of one document takes to be written, and then to be in an answer.

    The parts go into a copy beside `build` whose files are links to those of `build`, and which is deleted again.
    """
    grown = build.with_name(f"{build.name}-grown")
    shutil.rmtree(grown, ignore_errors=True)
    shutil.copytree(build, grown, copy_function=os.link)
    try:
        times = [_appeared(grown, document) for document in _documents(published)]
    finally:
        shutil.rmtree(grown)
    yield Figure(name="a part of one document written and listed", values=tuple(written for written, _ in times))
    yield Figure(name="from there to an answer about it", values=tuple(shown for _, shown in times), target=APPEARS_MS)


def _documents(published: Published) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of some documents of the build under ids that it does not hold."""
    group = pq.ParquetFile(published.shards[0]).read_row_group(0).to_pylist()
    for number, doc_id in enumerate(list(dict.fromkeys(row["doc_id"] for row in group))[:TIMES]):
        yield [row | {"doc_id": f"new-{number}"} for row in group if row["doc_id"] == doc_id]


def _appeared(build: Path, rows: list[dict[str, Any]]) -> tuple[float, float]:
    manifest = read_manifest(build)
    assert manifest is not None
    round_ = max(part["round"] for part in manifest.parts) + 1
    with tempfile.TemporaryDirectory(dir=build) as scratch:
        source = Path(scratch) / "new.parquet"
        pq.write_table(pa.Table.from_pylist(rows, CARD), source)
        for unit in shards.plan((Stored(source, len(rows)),), limit=None, round_=round_):
            shards.write_shards(unit, Path(scratch), tokenizer=None)
        started = time.perf_counter()
        part = write_part(build, Path(scratch), name=f"r{round_}", round_=round_)
        write_manifest(build, Manifest(fingerprint=manifest.fingerprint, parts=(*manifest.parts, part)))
        listed = time.perf_counter()
    store = Store(read_index(build))
    found = store.fetch("count", Filter(doc_id=rows[0]["doc_id"]))[0]["probes"]
    answered = time.perf_counter()
    store.close()
    if found != len(rows):
        raise RuntimeError(f"{found} of the {len(rows)} probes of a new document appeared in {build}.")
    return (listed - started) * 1000, (answered - listed) * 1000
