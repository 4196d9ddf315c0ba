"""Rows in the published form, as they come: any columns in any order, integers stored as floats, nulls and dirt."""

import math
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.types as kinds

from pipeline.errors import StageError
from queries.schema import SplitGroup
from queries.tables import CARD

NEEDED = ("doc", "split_char_offset", "target")  # without these a row cannot be shown
SENTINEL = -9999  # stands for "not located" in published number columns (research on the Qwen3-8B build)


class Published(NamedTuple):
    """One published row, column by column as on the dataset card; a column that is missing is null throughout."""

    doc: str | None
    scope: str | None
    verbalizer_prompt: str | None
    context: str | None
    atom_text: str | None
    target_response: str | None
    incorrect_plausible_answer: str | None
    bb_answer_rollout_answers: list[str | None] | None
    bb_answer_rollout_scores: list[float | None] | None
    bb_answer_score_mean: float | None
    bb_answer_score_max: float | None
    bb_answer_score_min: float | None
    row_seed: int | None
    doc_id: str | None
    doc_source: str | None
    doc_idx: int | None
    split_char_offset: int | None
    row_splits: dict[str, int | None] | None
    doc_choice_rationale: str | None
    split_rationale: str | None
    slot_idx: float | None
    target: str | None
    typicality: str | None
    abs_index: float | None
    signed_index: float | None
    signed_index_hint: float | None
    actual_word_distance_from_split: float | None
    synergy_check: str | None
    distribution_check: str | None
    difficulty_check: str | None
    source: str | None
    n_tokens_actual: float | None
    tokenizer: str | None
    generator_model: str | None
    source_model: str | None


class Columns(NamedTuple):
    """How the columns of a source differ from the card's."""

    missing: tuple[str, ...]
    unknown: tuple[str, ...]


def check(schema: pa.Schema, *, where: str) -> Columns:
    """Return which of the card's columns a file lacks and which it has beside them.

    Raises StageError, naming `where`, for a file that cannot hold probes: a needed column is missing, or a known one
    has a type that no probe's column has.
    """
    absent = [name for name in NEEDED if name not in schema.names]
    if absent:
        raise StageError(
            f"{where} holds no probes: it has no column {', '.join(absent)} (its columns: {', '.join(schema.names)})."
        )
    for name in schema.names:
        if name in CARD.names and not _fits(schema.field(name).type, CARD.field(name).type):
            raise StageError(
                f"{where}: the column {name} has the type {schema.field(name).type}, not {CARD.field(name).type}; "
                "convert it first."
            )
    return Columns(
        missing=tuple(name for name in CARD.names if name not in schema.names),
        unknown=tuple(name for name in schema.names if name not in CARD.names),
    )


def _fits(given: pa.DataType, wanted: pa.DataType) -> bool:
    if kinds.is_dictionary(given):
        given = given.value_type
    if kinds.is_null(given):
        return True
    if kinds.is_list(wanted):
        return _is_list(given) and _fits(given.value_type, wanted.value_type)
    if kinds.is_struct(wanted):
        return kinds.is_struct(given) and all(_fits(field.type, pa.int64()) for field in given)
    if kinds.is_string(wanted):
        return bool(kinds.is_string(given) or kinds.is_large_string(given) or kinds.is_string_view(given))
    return bool(kinds.is_integer(given) or kinds.is_floating(given))


def _is_list(given: pa.DataType) -> bool:
    return bool(kinds.is_list(given) or kinds.is_large_list(given) or kinds.is_fixed_size_list(given))


def rows(batch: pa.RecordBatch) -> Iterator[Published]:
    """Yield the rows of a batch whose schema passed `check`. Equal documents of a batch are one Python string."""
    columns = [_values(batch, name) for name in Published._fields]
    return map(Published._make, zip(*columns, strict=True))


def _values(batch: pa.RecordBatch, name: str) -> Iterable[Any]:
    if name not in batch.schema.names:
        return [None] * batch.num_rows
    values = python_values(batch.column(name))
    wanted = CARD.field(name).type
    if kinds.is_int64(wanted):
        return [whole(value) for value in values]
    if kinds.is_floating(wanted):
        return [number(value) for value in values]
    if kinds.is_list(wanted) and kinds.is_floating(wanted.value_type):
        return [None if value is None else [number(item) for item in value] for value in values]
    if kinds.is_struct(wanted):
        return [None if value is None else {group: whole(value.get(group)) for group in SplitGroup} for value in values]
    return values


def python_values(column: pa.Array) -> list[Any]:
    """Return a column as Python values; what is no UTF-8 becomes U+FFFD, as it can be neither shown nor stored."""
    if isinstance(column, pa.DictionaryArray):
        values = python_values(column.dictionary)
        return [None if index is None else values[index] for index in column.indices.to_pylist()]
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        if _is_list(column.type):
            return [
                None if value is None else _decoded(value) for value in column.cast(pa.list_(pa.binary())).to_pylist()
            ]
        return _decoded(column.cast(pa.binary()).to_pylist())


def _decoded(values: Iterable[bytes | None]) -> list[str | None]:
    return [None if value is None else value.decode("utf-8", "replace") for value in values]


def whole(value: float | None) -> int | None:
    """Return a number as an integer; null for null, NaN, infinity and fractions."""
    if value is None or isinstance(value, int):
        return value
    return int(value) if value.is_integer() else None


def number(value: float | None) -> float | None:
    """Return a number as a float; null for null, NaN and infinity."""
    return float(value) if value is not None and math.isfinite(value) else None
