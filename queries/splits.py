"""Which side of a split is which: the only place in the project that knows.

A suffix target hides the text after the split, a prefix target the text before it. Offsets are Python characters
(code points), as in DuckDB; JavaScript counts UTF-16 units, so offsets never leave Python.
"""

from typing import NamedTuple

from queries.schema import READER_WINDOW, Target


class Span(NamedTuple):
    """A half-open range of characters in a document."""

    start: int
    end: int


class Sides(NamedTuple):
    """The two sides of a split as ranges of the document; together they tile it."""

    visible: Span
    hidden: Span


def clamp(split: int, length: int) -> int:
    """Return the split moved into 0..length, so that a wrong one can still be drawn."""
    return max(0, min(split, length))


def sides(*, length: int, split: int, target: Target) -> Sides:
    """Return the visible and the hidden range of a document of `length` characters, split at `split` (clamped)."""
    cut = clamp(split, length)
    before, after = Span(0, cut), Span(cut, length)
    return Sides(visible=before, hidden=after) if target is Target.SUFFIX else Sides(visible=after, hidden=before)


def complement(text: str, *, split: int, target: Target) -> str:
    """Return the visible side of `text`: what `context` must be in the published row."""
    span = sides(length=len(text), split=split, target=target).visible
    return text[span.start : span.end]


def hidden(text: str, *, split: int, target: Target) -> str:
    """Return the hidden side of `text`."""
    span = sides(length=len(text), split=split, target=target).hidden
    return text[span.start : span.end]


def reader_window(*, length: int, split: int, target: Target) -> Span:
    """Return the part of the visible side that the blind answerer sees: at most 4,000 characters, nearest the split."""
    start, end = sides(length=length, split=split, target=target).visible
    if target is Target.SUFFIX:
        return Span(max(start, end - READER_WINDOW), end)
    return Span(start, min(end, start + READER_WINDOW))


def around(text: str, *, split: int, before: int, after: int) -> tuple[str, str]:
    """Return at most `before` characters ahead of the split and `after` behind it, wherever it falls in `text`."""
    cut = clamp(split, len(text))
    return text[max(0, cut - before) : cut], text[cut : cut + after]
