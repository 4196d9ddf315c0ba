"""Config `extra` of a published data set, read back: what its pipeline knew of each row of config `default`.

Both have the same rows in the same order. Each row of `extra` also names its document and slot, and is believed only
where these are the row's.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from pipeline.dataset.published import Published
from pipeline.errors import StageError
from pipeline.indexing.rows import Own
from queries.schema import Flag
from queries.splits import Span
from queries.tables import EXTRA, OWN

FOLDER = "extra"
FLAGS = frozenset(Flag)


class Known(NamedTuple):
    """What config `extra` says of one row."""

    round: int | None
    level: int | None
    own: Own


def check(files: tuple[Path, ...], *, rows: int) -> None:
    """Raise StageError where the files of config `extra` do not hold one row for each of the data's `rows`."""
    held = 0
    for path in files:
        metadata = pq.read_metadata(path)
        absent = [name for name in EXTRA.names if name not in metadata.schema.to_arrow_schema().names]
        if absent:
            raise StageError(f"{path} is no config extra: it has no column {', '.join(absent)}; import without it.")
        held += metadata.num_rows
    if files and held != rows:
        raise StageError(
            f"{files[0].parent} has {held:,} rows, the data beside it {rows:,}: they are of two data sets. "
            "Move it away to import the data alone."
        )


def read(files: tuple[Path, ...], *, first: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of config `extra` from row `first` of the whole on."""
    for path in files:
        with pq.ParquetFile(path) as file:
            groups = []
            for group in range(file.num_row_groups):
                rows = file.metadata.row_group(group).num_rows
                if first < rows:
                    groups.append(group)
                else:
                    first -= rows
            for batch in file.iter_batches(row_groups=groups, columns=EXTRA.names, use_threads=False):
                rest = batch.slice(first)
                first = max(0, first - batch.num_rows)
                yield from rest.to_pylist()


def known(row: Published, said: dict[str, Any] | None) -> Known | None:
    """Return what `extra` says of a row; None where it says nothing, or is about another."""
    slot = None if row.slot_idx is None else int(row.slot_idx)
    if said is None or said["probe_id"] is None or (said["doc_id"], said["slot"]) != (row.doc_id, slot):
        return None
    where = (said["atom_start"], said["atom_end"])
    atom = None if None in where else Span(*where)
    if atom is not None and (row.doc or "")[atom.start : atom.end] != row.atom_text:
        return None
    evidence = {flag: seen for flag, seen in zip(said["flags"], said["evidence"], strict=True) if flag in FLAGS}
    measures = {name: said[name] for name in OWN.names}
    return Known(said["round"], said["level"], Own(said["opening_end"], atom, evidence, measures))
