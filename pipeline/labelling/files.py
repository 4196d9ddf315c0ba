"""Labels as files: JSON lines, Parquet and CSV, by the ending of the name.

JSON lines and Parquet hold every character as it is. CSV is for spreadsheets, which run a cell that begins like a
formula; such a cell gets an apostrophe in front, as does one that begins with an apostrophe, and reading takes it off.
"""

import csv
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.errors import StageError
from pipeline.files import put

Row = dict[str, Any]

FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "'",
)  # what a spreadsheet may run (OWASP ASVS 1.2.10)
# A Parquet file of 1 kB can hold 20 GB: one long text, repeated. So rows are counted first and weighed as they come.
MOST_ROWS = 2_000_000
MOST_BYTES = 500_000_000  # unpacked; 500 bytes a label are usual
BATCH = 100  # rows unpacked at once
ENDINGS = (".jsonl", ".parquet", ".csv")
SEPARATOR = ";"  # between the items of a list in a CSV cell; no reason contains it

LABELS = pa.schema(
    [
        ("build", pa.string()),
        ("probe_id", pa.string()),
        ("doc_key", pa.string()),
        ("scope", pa.string()),
        ("content_hash", pa.string()),  # of the probe that was judged
        ("stale", pa.bool_()),  # the probe has changed since
        ("kind", pa.string()),  # opinion or adjudication
        ("annotator", pa.string()),
        ("verdict", pa.string()),  # the final one; null where only a blind one was given
        ("blind_verdict", pa.string()),  # given before the hidden side was seen; null in an open reading
        ("answer", pa.string()),
        ("reasons", pa.list_(pa.string())),
        ("note", pa.string()),
        ("flagged", pa.bool_()),
        ("skipped", pa.bool_()),
        ("made_at", pa.string()),
        ("queue_id", pa.string()),
        ("ordering", pa.string()),  # of the queue
        ("stratum", pa.string()),
        ("inclusion", pa.float64()),  # chance with which the probe came into the queue; null in a hunt queue
        ("automatic", pa.string()),
        ("score", pa.int16()),  # max score in hundredths
    ]
)
"""One row a probe and annotator."""

PROBE_LABELS = pa.schema(
    [
        ("build", pa.string()),
        ("probe_id", pa.string()),
        ("doc_key", pa.string()),
        ("scope", pa.string()),
        ("score", pa.int16()),
        ("automatic", pa.string()),
        ("hard", pa.int32()),  # how many annotators say so
        ("easy", pa.int32()),
        ("unsure", pa.int32()),
        ("stale", pa.int32()),
        ("adjudicated", pa.string()),
        ("verdict", pa.string()),
        ("source", pa.string()),  # adjudicated, human, disputed or stale
        ("final", pa.string()),  # human over automatic
    ]
)
"""One row a judged probe."""


def check_ending(path: Path, *, endings: Sequence[str] = ENDINGS) -> None:
    """Raise StageError where the name's ending says no format."""
    if path.suffix not in endings:
        raise StageError(f"{path.name} must end in {', '.join(endings)}, which says the format.")


def write_rows(path: Path, rows: Sequence[Row], schema: pa.Schema) -> None:
    """Write rows in the format of the name's ending, in one step."""
    writers: dict[str, Callable[[Path], None]] = {
        ".jsonl": lambda draft: _write_jsonl(draft, rows),
        ".parquet": lambda draft: pq.write_table(pa.Table.from_pylist(list(rows), schema), draft),
        ".csv": lambda draft: _write_csv(draft, rows, schema.names),
    }
    put(path, writers[path.suffix])


def _write_jsonl(path: Path, rows: Sequence[Row]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _write_csv(path: Path, rows: Sequence[Row], names: Sequence[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows([_cell(row[name]) for name in names] for row in rows)


def _cell(value: Any) -> Any:
    """Return a value as a cell; a text that a spreadsheet could run is made plain text by an apostrophe."""
    if isinstance(value, list):
        value = SEPARATOR.join(value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def read_rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield the rows of a label file with their line numbers (in Parquet: row numbers from 1).

    An empty cell of a CSV file is null. Raises StageError where the file cannot be read as what its name says.
    """
    check_ending(path)
    readers = {".jsonl": _read_jsonl, ".parquet": _read_parquet, ".csv": _read_csv}
    try:
        yield from readers[path.suffix](path)
    except FileNotFoundError:
        raise StageError(f"There is no file {path}.") from None
    except UnicodeDecodeError as error:
        raise StageError(f"{path.name} is not UTF-8 text ({error}).") from error
    except (pa.ArrowInvalid, csv.Error) as error:
        why = str(error).replace(str(path), path.name)
        raise StageError(f"{path.name} cannot be read as {path.suffix[1:]}: {why}.") from error


def bytes_of(rows: Sequence[Row], schema: pa.Schema, *, ending: str) -> bytes:
    """Return the label file of a format that holds `rows`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"labels{ending}"
        write_rows(path, rows, schema)
        return path.read_bytes()


def rows_of(content: bytes, *, ending: str, name: str) -> list[tuple[int, Row]]:
    """Return the numbered rows of a label file that is not on disk; `name` is what messages call it.

    Raises StageError as `read_rows`.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"labels{ending if ending in ENDINGS else ''}"
        path.write_bytes(content)
        try:
            return list(read_rows(path))
        except StageError as error:
            raise StageError(str(error).replace(path.name, name, 1)) from error


def _read_jsonl(path: Path) -> Iterator[tuple[int, Row]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise StageError(f"{path.name}, line {number}: this is no JSON ({error}).") from error
            if not isinstance(row, dict):
                raise StageError(f"{path.name}, line {number}: a label is an object, not {line[:40]!r}.")
            yield number, row


def _read_parquet(path: Path) -> Iterator[tuple[int, Row]]:
    with pq.ParquetFile(path) as file:
        if file.metadata.num_rows > MOST_ROWS:
            raise StageError(f"{path.name} has {file.metadata.num_rows:,} rows; at most {MOST_ROWS:,} are read.")
        number = weight = 0
        for batch in file.iter_batches(batch_size=BATCH):
            weight += sum(_unpacked(column).nbytes for column in batch.columns)
            if weight > MOST_BYTES:
                raise StageError(f"{path.name} unpacks to more than {MOST_BYTES // 10**6} MB, by row {number}.")
            for row in batch.to_pylist():
                number += 1
                yield number, row


def _unpacked(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _read_csv(path: Path) -> Iterator[tuple[int, Row]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        for row in reader:
            if None in row:
                raise StageError(f"{path.name}, line {reader.line_num}: more cells than the header names.")
            yield reader.line_num, {name: _value(name, cell) for name, cell in row.items()}


def _value(name: str, cell: str | None) -> Any:
    if not cell:
        return None
    if cell.startswith("'") and cell[1:].startswith(FORMULA):
        cell = cell[1:]
    if name == "reasons":
        return cell.split(SEPARATOR)
    if name in ("flagged", "skipped", "stale"):
        return {"true": True, "false": False}.get(cell.lower(), cell)
    return cell
