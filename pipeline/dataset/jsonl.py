"""JSONL in the published form, one row a line, made into Parquet; a line that is no row is a reject, not an error."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from pipeline.dataset.published import Columns, whole
from queries.tables import CARD

OTHER = "other"  # the column that keeps, as JSON text, what the card does not know
LINE = "jsonl_line"  # the column that keeps the number of the line, counted from 0
SOURCE = b"jsonl"  # under which the file's metadata keep the name of the source
GROUP_ROWS = 2048
SURROGATES = re.compile("[\ud800-\udfff]")  # halves of characters: JSON can spell them, UTF-8 cannot hold them
LARGEST = 2**63

Row = dict[str, Any]


class Converted(NamedTuple):
    """What a JSONL file held."""

    columns: Columns
    rejects: int


class Line(NamedTuple):
    """One line: a row, or why it is none."""

    number: int
    raw: str
    row: Row | None = None
    reason: str | None = None


def convert(source: Path, *, parquet: Path, rejects: Path, limit: int | None) -> Converted:
    """Write the rows of `source` to `parquet`, its other lines to `rejects`, and return what was seen."""
    schema = CARD.append(pa.field(OTHER, pa.string())).append(pa.field(LINE, pa.int64()))
    schema = schema.with_metadata({SOURCE: source.name.encode("utf-8", "surrogateescape")})
    seen: dict[str, None] = {}
    rejected = 0
    with (
        source.open(encoding="utf-8", errors="replace") as file,
        rejects.open("w", encoding="utf-8") as rejects_file,
        pq.ParquetWriter(parquet, schema, compression="zstd") as writer,
    ):
        rows: list[Row] = []
        for line in tqdm(_lines(file, limit), unit=" lines", desc="read", leave=False, disable=None):
            if line.row is None:
                rejected += 1
                told = {"file": source.name, "row": line.number, "reason": line.reason, "raw": line.raw}
                rejects_file.write(json.dumps(told) + "\n")
                continue
            seen |= dict.fromkeys(line.row)
            rows.append(_stored(line.row) | {LINE: line.number})
            if len(rows) == GROUP_ROWS:
                writer.write_batch(pa.RecordBatch.from_pylist(rows, schema))
                rows = []
        writer.write_batch(pa.RecordBatch.from_pylist(rows, schema))
    missing = tuple(name for name in CARD.names if name not in seen)
    return Converted(Columns(missing, tuple(name for name in seen if name not in CARD.names)), rejected)


def _lines(file: TextIO, limit: int | None) -> Iterator[Line]:
    taken = 0
    for number, raw in enumerate(file):
        if taken == limit:
            return
        if raw.strip():
            taken += 1
            yield _line(number, raw.rstrip("\n"))


def _line(number: int, raw: str) -> Line:
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError) as error:
        return Line(number, raw, reason=f"no JSON: {error}")
    if not isinstance(row, dict):
        return Line(number, raw, reason="no JSON object")
    reason = next((told for name, value in row.items() if (told := _misfit(name, value))), None)
    return Line(number, raw, reason=reason) if reason else Line(number, raw, row=row)


def _misfit(name: str, value: Any) -> str | None:
    """Return why a value cannot stand in its column of the card."""
    if value is None or name not in CARD.names:
        return None
    wanted = CARD.field(name).type
    if pa.types.is_list(wanted) and isinstance(value, list):
        return next((told for item in value if (told := _misfit_one(name, item, wanted.value_type))), None)
    if pa.types.is_struct(wanted) and isinstance(value, dict):
        return next((told for item in value.values() if (told := _misfit_one(name, item, pa.int64()))), None)
    return _misfit_one(name, value, wanted)


def _misfit_one(name: str, value: Any, wanted: pa.DataType) -> str | None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value is None or (pa.types.is_string(wanted) and isinstance(value, str)):
        return None
    if number and pa.types.is_floating(wanted) and (isinstance(value, float) or abs(value) < LARGEST):
        return None
    if number and pa.types.is_integer(wanted) and _is_whole(value):
        return None
    return f"{name} holds {str(value)[:60]!r}, which is no {wanted}"


def _is_whole(value: float) -> bool:
    return value != value or (whole(value) is not None and abs(value) < LARGEST)  # NaN is how pandas writes null


def _stored(row: Row) -> Row:
    stored = {name: _clean(row.get(name)) for name in CARD.names}
    for name in CARD.names:
        if pa.types.is_int64(CARD.field(name).type):
            stored[name] = whole(stored[name])
    other = {name: value for name, value in row.items() if name not in CARD.names}
    return stored | {OTHER: json.dumps(other) if other else None}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return SURROGATES.sub("\ufffd", value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {name: whole(item) for name, item in value.items()}
    return value
