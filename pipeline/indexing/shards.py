"""From source rows to shards of index rows: the part of an import that runs in several processes."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.dataset import extra, jsonl
from pipeline.dataset.published import python_values, rows
from pipeline.dataset.sources import Stored
from pipeline.errors import StageError
from pipeline.indexing.rows import Place, Row, index_rows, reason_to_reject
from pipeline.probes.tokens import Tokenizer, load
from queries.tables import DOCS, FACETS, PROBES

UNIT_ROWS = 16384  # rows of a unit of work; row groups are not cut
BATCH_ROWS = 4096  # rows in memory at once, and
BATCH_BYTES = 64 << 20  # about how much of a file that may be, so that fields of megabytes do not fill the memory
PLACE = [pa.field("source_file", pa.string()), pa.field("source_row", pa.int64())]
SHARDS = {"docs": DOCS, "probes": PROBES, "facets": pa.schema([*FACETS, *PLACE])}


class Unit(NamedTuple):
    """Some row groups of one file of a round's source folder; at most `rows` rows from `first` on.

    `extra` are the files of config `extra`, all of them, and `before` the rows that other files have before this one.
    """

    name: str
    path: Path
    groups: tuple[int, ...]
    first: int
    rows: int
    round: int
    extra: tuple[Path, ...] = ()
    before: int = 0


class Counts(NamedTuple):
    """What a unit held."""

    rows: int
    rejects: int


def plan(stored: tuple[Stored, ...], *, limit: int | None, round_: int, extra: tuple[Path, ...] = ()) -> list[Unit]:
    """Return the units of work for some files, in order, cut off after `limit` rows."""
    units: list[Unit] = []
    left = sum(item.rows for item in stored) if limit is None else limit
    before = 0
    for item in stored:
        for groups, first, count in _spans(item.path):
            if left > 0:
                name, rows = f"{len(units):06d}", min(count, left)
                units.append(Unit(name, item.path, groups, first, rows, round_, extra, before))
                left -= count
        before += item.rows
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


def write_shards(unit: Unit, folder: Path, *, tokenizer: str | None) -> Counts:
    """Write a unit's index rows to `<name>-<table>.parquet` in `folder`, and its rejects to `<name>-rejects.jsonl`."""
    tokens = load(tokenizer) if tokenizer else None
    seen: set[str] = set()
    done = rejected = 0
    with ExitStack() as stack:
        writers = {table: stack.enter_context(_writer(folder, unit, table)) for table in SHARDS}
        rejects = stack.enter_context((folder / f"{unit.name}-rejects.jsonl").open("w", encoding="utf-8"))
        extras = extra.read(unit.extra, first=unit.before + unit.first)
        for batch in _batches(unit):
            made = _made(batch, unit, first=unit.first + done, tokens=tokens, extras=extras)
            docs = {row["doc_key"]: row for row in made.docs if row["doc_key"] not in seen}
            seen |= docs.keys()
            for table, found in zip(SHARDS, (list(docs.values()), made.probes, made.facets), strict=True):
                writers[table].write_batch(pa.RecordBatch.from_pylist(found, SHARDS[table]))
            rejects.writelines(made.rejects)
            done += batch.num_rows
            rejected += len(made.rejects)
    return Counts(rows=done, rejects=rejected)


def _writer(folder: Path, unit: Unit, table: str) -> pq.ParquetWriter:
    return pq.ParquetWriter(folder / f"{unit.name}-{table}.parquet", SHARDS[table], compression="lz4")


class _Made(NamedTuple):
    """What a batch adds to each table, and the lines it adds to the rejects."""

    docs: list[Row]
    probes: list[Row]
    facets: list[Row]
    rejects: list[str]


def _made(batch: pa.RecordBatch, unit: Unit, *, first: int, tokens: Tokenizer | None, extras: Iterator[Row]) -> _Made:
    made = _Made([], [], [], [])
    for at, row in enumerate(rows(batch)):
        number = first + at
        place = Place(file=stored_at(unit.path), row=number, round=unit.round, level=None)
        known = extra.known(row, next(extras, None))
        if known:
            place = place._replace(round=unit.round if known.round is None else known.round, level=known.level)
        reason = reason_to_reject(row)
        if reason is not None:
            made.rejects.append(_reject(batch, at, place=place, reason=reason))
            continue
        doc, probe, facet = index_rows(row, place, tokens=tokens, own=known.own if known else None)
        made.docs.append(doc)
        made.probes.append(probe)
        made.facets.append(facet | {"source_file": place.file, "source_row": place.row})
    return made


def stored_at(path: Path) -> str:
    """Return where a file of a round's source folder is in its build: `rounds/<n>/source/<name>`."""
    return path.relative_to(path.parents[3]).as_posix()


def _reject(batch: pa.RecordBatch, at: int, *, place: Place, reason: str) -> str:
    """Return the line that keeps a row as it was read, every column of it, under its number in its own source."""
    raw = {name: python_values(batch.column(name).slice(at, 1))[0] for name in batch.schema.names}
    file, number = place.file, place.row
    source = (batch.schema.metadata or {}).get(jsonl.SOURCE)
    if source is not None:
        file, number = source.decode("utf-8", "replace"), raw.pop(jsonl.LINE)
        raw |= json.loads(raw.pop(jsonl.OTHER) or "{}")
    return json.dumps({"file": file, "row": number, "reason": reason, "raw": raw}, default=str) + "\n"


def _batches(unit: Unit) -> Iterator[pa.RecordBatch]:
    left = unit.rows
    with pq.ParquetFile(unit.path, read_dictionary=["doc", "context"], pre_buffer=False) as file:
        batches = file.iter_batches(_batch_rows(file.metadata, unit), row_groups=unit.groups, use_threads=False)
        while left > 0:
            try:
                batch = next(batches)
            except StopIteration:
                return
            except (pa.ArrowInvalid, OSError) as error:
                raise StageError(f"{unit.path} is damaged ({str(error).splitlines()[0]}); fetch it again.") from error
            yield batch.slice(0, left)
            left -= batch.num_rows


def _batch_rows(metadata: pq.FileMetaData, unit: Unit) -> int:
    groups = [metadata.row_group(group) for group in unit.groups]
    size, count = (sum(getattr(group, name) for group in groups) for name in ("total_byte_size", "num_rows"))
    return max(16, min(BATCH_ROWS, int(BATCH_BYTES * count // max(size, 1))))
