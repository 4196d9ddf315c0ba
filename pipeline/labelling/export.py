"""Labels on their way out: as rows for a file, and as the published rows of the probes that they choose."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.files import put
from pipeline.labelling.files import LABELS, PROBE_LABELS, Row, bytes_of
from queries.labels import ADJUDICATED, LabelLog
from queries.queues import Item, Queue, Queues
from queries.schema import Filter
from queries.store import Store
from queries.tables import CARD


def label_rows(store: Store, log: LabelLog, where: Filter, *, build: str, named: bool = False) -> list[Row]:
    """Return one row (LABELS) a voice on a chosen probe. `store` knows the opinions (queries.labels.overlay).

    Annotators are called A1, A2, ... in the order of their first events, so that a name stays as labels are added;
    `named` keeps their own names. What they wrote is kept as it is.
    """
    people = log.annotators(build)
    names = {name: name if named else f"A{number}" for number, name in enumerate(people, 1)}
    drawn = _drawn(Queues(log.database), build)
    return [_label_row(row, names, drawn, build) for row in store.fetch("human_opinions", where)]


def _drawn(queues: Queues, build: str) -> dict[tuple[str, str], tuple[Queue, Item]]:
    """Return the queue and the place in it of every probe of every queue, by queue and probe."""
    return {
        (queue.queue_id, item.probe_id): (queue, item) for queue in queues.of(build) for item in queues.items(queue)
    }


def _label_row(row: Row, names: dict[str, str], drawn: dict[tuple[str, str], tuple[Queue, Item]], build: str) -> Row:
    queue, item = drawn.get((row["queue_id"], row["probe_id"]), (None, None))
    made = row | {
        "build": build,
        "kind": "adjudication" if row["voice"] == ADJUDICATED else "opinion",
        "annotator": names[row["annotator"]],
        "verdict": row["final_verdict"],
        "reasons": json.loads(row["reasons"]),
        "ordering": str(queue.ordering) if queue else None,
        "stratum": item.stratum if item else None,
        "inclusion": item.inclusion if item else None,
    }
    return {name: made[name] for name in LABELS.names}


def probe_rows(store: Store, where: Filter, *, build: str) -> list[Row]:
    """Return one row (PROBE_LABELS) a judged probe of the chosen ones."""
    rows = [row | {"build": build} for row in store.fetch("human_labels", where)]
    return [{name: row[name] for name in PROBE_LABELS.names} for row in rows]


def file_of(
    each: Literal["voice", "probe"],
    store: Store,
    log: LabelLog,
    where: Filter,
    *,
    build: str,
    named: bool,
    ending: str,
) -> bytes:
    """Return the label file with one row a voice on a probe, or one a probe, in the format of `ending`."""
    if each == "probe":
        return bytes_of(probe_rows(store, where, build=build), PROBE_LABELS, ending=ending)
    return bytes_of(label_rows(store, log, where, build=build, named=named), LABELS, ending=ending)


def write_published(store: Store, where: Filter, *, final: Sequence[str], build: Path, file: Path) -> int:
    """Write the rows of the chosen probes whose final label is one of `final`, as they were imported, as Parquet.

    Returns how many. Columns are the card's, in its order and types; one that a source lacks is null.
    """
    places = store.fetch("final_rows", where, final=list(final))

    def write(draft: Path) -> None:
        with pq.ParquetWriter(draft, CARD) as writer:
            for name, part in groupby(places, key=lambda place: place["source_file"]):
                source = build / name
                for batch in _taken(source, [place["source_row"] for place in part]):
                    writer.write_table(batch)

    put(file, write)
    return len(places)


def published_file_of(store: Store, where: Filter, *, final: Sequence[str], build: Path) -> bytes:
    """Return the file that `write_published` writes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "probes.parquet"
        write_published(store, where, final=final, build=build, file=file)
        return file.read_bytes()


def _taken(source: Path, rows: Iterable[int]) -> Iterator[pa.Table]:
    """Yield the rows of a source file with the given numbers (ascending), one table a row group."""
    wanted, first = list(rows), 0
    with pq.ParquetFile(source) as file:
        for group in range(file.num_row_groups):
            after = first + file.metadata.row_group(group).num_rows
            here = [row - first for row in wanted if first <= row < after]
            if here:
                yield _as_card(file.read_row_group(group).take(here))
            first = after


def _as_card(table: pa.Table) -> pa.Table:
    """Return a table with exactly the card's columns."""
    columns = [
        table[field.name].cast(field.type) if field.name in table.schema.names else pa.nulls(len(table), field.type)
        for field in CARD
    ]
    return pa.table(columns, schema=CARD)
