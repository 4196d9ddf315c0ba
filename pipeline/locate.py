"""Where an atom stands in its document: verbatim, with other whitespace, or nearly."""

from typing import NamedTuple

from pipeline.cut import Cut
from queries.schema import Located, Target
from queries.splits import Span


class Location(NamedTuple):
    """How an atom was found; `span` is null, and `occurrences` 0, where it was not."""

    how: Located
    span: Span | None = None
    occurrences: int = 0


MISSING = Location(Located.MISSING)


def locate(atom: str | None, cut: Cut) -> Location:
    """Return where `atom` stands on the hidden side of `cut`; of several places the one nearest the split."""
    if not atom:
        return MISSING
    start, end = cut.sides.hidden
    found = cut.text.find(atom, start, end) if cut.target is Target.SUFFIX else cut.text.rfind(atom, start, end)
    if found < 0:
        return MISSING
    return Location(Located.EXACT, Span(found, found + len(atom)), cut.text.count(atom, start, end))
