"""A rollouts source: openings with the continuations that one source model sampled from them.

Parquet (file, folder, pattern), JSONL, or a data set on the Hugging Face Hub, with the columns doc_id, doc_source,
prefix (the opening) and rollouts (a list of texts; each starts exactly where the opening stops).
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.dataset.sources import Kind, Source
from pipeline.dataset.surrogates import mended
from pipeline.errors import StageError

COLUMNS = ("doc_id", "doc_source", "prefix", "rollouts")
BATCH = 256  # rows in memory at once; with fifteen continuations of 6,000 characters 25 MB


class Rollouts(NamedTuple):
    """One opening with its rollouts, as the source has them."""

    doc_id: str
    doc_source: str | None
    opening: str
    rollouts: list[str]

    @property
    def unusable(self) -> str | None:
        """Why no document can be made of this opening, or None where one can."""
        if not self.doc_id:
            return "doc_id is empty"
        if not self.opening.strip():
            return "prefix is empty"
        if not any(text.strip() for text in self.rollouts):
            return "there is no rollout with text"
        return None


def read(source: Source, fingerprint: dict[str, str]) -> Iterator[Rollouts]:
    """Yield the openings of a source in its order; `fingerprint` (sources.fingerprint) pins what the Hub gives.

    Raises StageError, naming the file and the row, where a column is missing or holds something else.
    """
    for where, row, values in _rows(source, fingerprint):
        yield _opening(values, f"{where}, row {row:,}")


def _rows(source: Source, fingerprint: dict[str, str]) -> Iterator[tuple[str, int, dict[str, Any]]]:
    if source.kind is Kind.JSONL:
        yield from _jsonl_rows(source)
        return
    row = 0
    before = ""
    for where, batch in _batches(source, fingerprint):
        row = row if where == before else 0
        before = where
        for values in batch.to_pylist():
            row += 1
            yield where, row, values


def _jsonl_rows(source: Source) -> Iterator[tuple[str, int, dict[str, Any]]]:
    (path,) = source.files
    with path.open(encoding="utf-8", errors="replace") as file:
        for row, line in enumerate(file, start=1):
            try:
                values = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise StageError(f"{path}, row {row:,} is no JSON object ({error}).") from error
            if not isinstance(values, dict):
                raise StageError(f"{path}, row {row:,} is no JSON object.")
            yield str(path), row, values


def _batches(source: Source, fingerprint: dict[str, str]) -> Iterator[tuple[str, pa.RecordBatch]]:
    if source.kind is Kind.HUB:
        from pipeline.dataset import hub

        for table in hub.stream(source.name, split=source.split or "", revision=fingerprint[source.name]):
            _check(table.schema, source.name)
            for batch in table.select(COLUMNS).to_batches():
                yield source.name, batch
    for path in source.files:
        try:
            with pq.ParquetFile(path) as file:
                _check(file.schema_arrow, str(path))
                for batch in file.iter_batches(BATCH, columns=list(COLUMNS)):
                    yield str(path), batch
        except (pa.ArrowInvalid, OSError) as error:
            raise StageError(f"{path} cannot be read as Parquet ({str(error).splitlines()[0]}).") from error


def _check(schema: pa.Schema, where: str) -> None:
    absent = [name for name in COLUMNS if name not in schema.names]
    if absent:
        raise StageError(
            f"{where} holds no rollouts: it has no column {', '.join(absent)} (its columns: {', '.join(schema.names)})."
        )


def _opening(values: dict[str, Any], where: str) -> Rollouts:
    absent = [name for name in COLUMNS if name not in values]
    if absent:
        raise StageError(f"{where} has no {', '.join(absent)} (it has {', '.join(map(str, values)) or 'nothing'}).")
    doc_id, doc_source, opening, rollouts = (mended(values[name]) for name in COLUMNS)
    for name, value in (("doc_id", doc_id), ("doc_source", doc_source), ("prefix", opening)):
        if not isinstance(value, str | None):
            raise StageError(f"{where}: {name} is no text but {type(value).__name__}.")
    if not isinstance(rollouts, list | None) or any(not isinstance(text, str | None) for text in rollouts or ()):
        raise StageError(f"{where}: rollouts is no list of texts.")
    return Rollouts(doc_id or "", doc_source, opening or "", [text or "" for text in rollouts or ()])
