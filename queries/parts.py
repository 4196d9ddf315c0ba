"""The parts of a distribution as filters, so that every number of it can be opened as the probes it counts."""

from dataclasses import replace
from enum import StrEnum

from queries.schema import SCORED_SCOPES, Filter, Label


class Facet(StrEnum):
    """What a distribution can be split by."""

    NOTHING = "nothing"
    SCOPE = "scope"
    TARGET = "target"
    TYPICALITY = "typicality"
    ROUND = "round"


def part(where: Filter, *, facet: Facet, value: str) -> Filter:
    """Return the probes of `where` whose `facet` is `value`, as named by score_lattice.sql ('' for null)."""
    match facet:
        case Facet.SCOPE:
            return replace(where, scopes=(value,))
        case Facet.TARGET:
            return replace(where, targets=(value,))
        case Facet.TYPICALITY:
            return replace(where, typicalities=(value,))
        case Facet.ROUND:
            return replace(where, rounds=(int(value),))
        case Facet.NOTHING:
            return where


def scored(where: Filter) -> Filter:
    """Return the probes of `where` that have a score."""
    return replace(where, labels=tuple(label for label in where.labels or Label if label is not Label.UNSCORED))


def labelled(where: Filter, label: Label) -> Filter:
    """Return the probes of `where` with one automatic label; UNSCORED only where a score is due."""
    if label is not Label.UNSCORED:
        return replace(where, labels=(label,))
    due = tuple(scope for scope in SCORED_SCOPES if not where.scopes or scope in where.scopes)
    return replace(where, labels=(label,), scopes=due)


def between(where: Filter, *, low: int, high: int) -> Filter:
    """Return the scored probes of `where` with a max score of `low` to `high` hundredths, both included."""
    low = max(low, where.score_from or 0)
    high = min(high, 100 if where.score_to is None else where.score_to)
    whole_range = (low, high) == (0, 100)  # which a link leaves out, so that it would let the unscored in
    return replace(scored(where) if whole_range else where, score_from=low, score_to=high)
