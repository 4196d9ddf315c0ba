"""From source rows to shards of index rows: the part of an import that runs in several processes."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.published import rows
from pipeline.rows import Place, Row, index_rows, reason_to_reject
from pipeline.sources import Stored
from queries.schema import DOCS, FACETS, PROBES

UNIT_ROWS = 16384  # rows of a unit of work; row groups are not cut
BATCH_ROWS = 4096  # rows in memory at once: 40 MB at the card's row size
PLACE = [pa.field("source_file", pa.string()), pa.field("source_row", pa.int64())]
SHARDS = {"docs": DOCS, "probes": PROBES, "facets": pa.schema([*FACETS, *PLACE])}


class Unit(NamedTuple):
    """Some row groups of one file of a round's source folder; at most `rows` rows from `first` on."""

    name: str
    path: Path
    groups: tuple[int, ...]
    first: int
    rows: int
    round: int


class Counts(NamedTuple):
    """What a unit held."""

    rows: int
    rejects: int


def plan(stored: list[Stored], *, limit: int | None, round_: int) -> list[Unit]:
    """Return the units of work for some files, in order, cut off after `limit` rows."""
    units: list[Unit] = []
    left = sum(item.rows for item in stored) if limit is None else limit
    for item in stored:
        for groups, first, count in _spans(item.path):
            if left > 0:
                units.append(Unit(f"{len(units):06d}", item.path, groups, first, min(count, left), round_))
                left -= count
    return units or [Unit("000000", item.path, (), 0, 0, round_) for item in stored[:1]]


def _spans(path: Path) -> Iterator[tuple[tuple[int, ...], int, int]]:
    metadata = pq.read_metadata(path)
    groups: list[int] = []
    first = held = 0
    for group in range(metadata.num_row_groups):
        groups.append(group)
        held += metadata.row_group(group).num_rows
        if held >= UNIT_ROWS or group == metadata.num_row_groups - 1:
            yield tuple(groups), first, held
            groups, first, held = [], first + held, 0


def write_shards(unit: Unit, folder: Path) -> Counts:
    """Write a unit's index rows to `<name>-<table>.parquet` in `folder`, and its rejects to `<name>-rejects.jsonl`."""
    done = rejected = 0
    seen: set[str] = set()
    with ExitStack() as stack:
        writers = {
            table: stack.enter_context(
                pq.ParquetWriter(folder / f"{unit.name}-{table}.parquet", schema, compression="lz4")
            )
            for table, schema in SHARDS.items()
        }
        rejects = stack.enter_context((folder / f"{unit.name}-rejects.jsonl").open("w", encoding="utf-8"))
        for batch in _batches(unit):
            made: dict[str, list[Row]] = {table: [] for table in SHARDS}
            for row in rows(batch):
                place = Place(file=unit.path.name, row=unit.first + done, round=unit.round, level=None)
                done += 1
                reason = reason_to_reject(row)
                if reason is not None:
                    rejects.write(reject_line(row._asdict(), place=place, reason=reason))
                    rejected += 1
                    continue
                doc, probe, facet = index_rows(row, place)
                if doc["doc_key"] not in seen:
                    seen.add(doc["doc_key"])
                    made["docs"].append(doc)
                made["probes"].append(probe)
                made["facets"].append(facet | {"source_file": place.file, "source_row": place.row})
            for table, writer in writers.items():
                writer.write_batch(pa.RecordBatch.from_pylist(made[table], SHARDS[table]))
    return Counts(rows=done, rejects=rejected)


def _batches(unit: Unit) -> Iterator[pa.RecordBatch]:
    left = unit.rows
    with pq.ParquetFile(unit.path, read_dictionary=["doc"], pre_buffer=False) as file:
        for batch in file.iter_batches(BATCH_ROWS, row_groups=unit.groups, use_threads=False):
            yield batch.slice(0, left)
            left -= batch.num_rows
            if left <= 0:
                return


def reject_line(raw: Any, *, place: Place, reason: str) -> str:
    """Return a line of rejects.jsonl: where the row was, why it cannot be shown, and all it held."""
    return json.dumps({"file": place.file, "row": place.row, "reason": reason, "raw": raw}) + "\n"
