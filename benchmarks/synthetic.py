"""A build of the dataset card's size in the published form, made of invented text.

590,741 rows over 36,997 documents in a dozen Parquet shards, with the counts of benchmarks/plan.py. The same seed gives
the same files; 640 documents are held at a time; a folder that already holds the build asked for is left alone.
"""

import json
import math
import os
import shutil
from collections.abc import Iterator
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.plan import CARD_DOCUMENTS, counts, plan
from benchmarks.prose import Filler, Prose
from benchmarks.rows import Writer
from queries.tables import CARD

SEED = 20_250_917
BATCH = 640  # documents: row groups of 10,200 rows and 90 MB, as `datasets` 5.2 cuts them
SHARD = 5  # batches: 450 MB before compression; `datasets` cuts at 500
COMPRESSION = "snappy"  # what `datasets` writes: 0.93 GB in all, the card's download size being 0.98 (zstd takes 0.44)
PARAMETERS = "parameters.json"
SOURCES = ("synthetic.py", "rows.py", "atoms.py", "plan.py", "prose.py", "card.md")


class Published(NamedTuple):
    """Where a synthetic build lies."""

    folder: Path
    documents: int

    @property
    def shards(self) -> list[Path]:
        """Its Parquet files, in the order of their rows."""
        return sorted(self.folder.glob("train-*.parquet"))

    @property
    def size(self) -> int:
        """Bytes of its Parquet files."""
        return sum(shard.stat().st_size for shard in self.shards)


def home() -> Path:
    """Return the folder of benchmark data under the project's data root, which git ignores."""
    return Path(os.environ.get("PROBES_DATA", "data")) / "benchmarks"


def make(folder: Path, *, documents: int = CARD_DOCUMENTS, seed: int = SEED) -> Published:
    """Write the build of `documents` documents into `folder`, replacing what is there unless it is that very build."""
    published = Published(folder, documents)
    parameters = {"documents": documents, "seed": seed, "code": _fingerprint()}
    if _parameters(folder) == parameters:
        return published
    building = folder.with_name(f"{folder.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    _write_shards(building, documents=documents, seed=seed)
    (building / "README.md").write_text(_card(documents), encoding="utf-8")
    (building / PARAMETERS).write_text(json.dumps(parameters), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    building.rename(folder)
    return published


def _parameters(folder: Path) -> dict[str, Any] | None:
    written = folder / PARAMETERS
    return json.loads(written.read_text(encoding="utf-8")) if written.exists() else None


def _fingerprint() -> str:
    sources = (Path(__file__).with_name(name).read_bytes() for name in SOURCES)
    return blake2b(b"\0".join(sources), digest_size=8).hexdigest()


def _write_shards(folder: Path, *, documents: int, seed: int) -> None:
    tables = _tables(documents, seed=seed)
    batches = math.ceil(documents / BATCH)
    shards = math.ceil(batches / SHARD)
    for number in range(shards):
        path = folder / f"train-{number:05}-of-{shards:05}.parquet"
        with pq.ParquetWriter(path, CARD, compression=COMPRESSION) as file:
            for table in islice(tables, SHARD):
                file.write_table(table, row_group_size=len(table))


def _tables(documents: int, *, seed: int) -> Iterator[pa.Table]:
    prose = Prose(seed)
    filler = Filler(prose, np.random.default_rng([seed, 1]))
    cells = plan(documents, rng=np.random.default_rng([seed, 2]))
    for start in range(0, documents, BATCH):
        writer = Writer(prose=prose, filler=filler, cells=cells, seed=[seed, 3, start])
        rows = writer.rows(range(start, min(start + BATCH, documents)))
        yield pa.table({name: [row[name] for row in rows] for name in CARD.names}, schema=CARD)


def _card(documents: int) -> str:
    stated = counts(documents)
    numbers = {
        **stated.scopes,
        **{f"bin{place}": number for place, number in enumerate(stated.histogram)},
        "documents": documents,
        "probes": stated.probes,
        "scored": stated.stated_scored,
    }
    text = Path(__file__).with_name("card.md").read_text(encoding="utf-8")
    return Template(text).substitute({str(name): f"{number:,}" for name, number in numbers.items()})
