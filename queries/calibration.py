"""The statistics of a sweep: how two calibration levels differ, told from documents that went through both.

Every comparison is paired by document: what a document does at one level says much about the next. Amounts are of one
measure; shares and means are in 0-1. The levels as a scale are queries/dose.py's.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from math import ceil, sqrt
from statistics import NormalDist
from typing import Any, NamedTuple

from queries.schema import Flag
from queries.statistics import Interval, Sums, wilson
from queries.student import quantile, two_sided

NOTES = (Flag.WINDOW_TRUNCATED, Flag.NEAR_DUPLICATE)
"""Flags that are worth knowing and no fault of a probe: the reader's window, and documents that resemble each other."""

FAULTS = tuple(flag for flag in Flag if flag not in NOTES)
POWER = 0.8  # how often a difference of the size that is asked for should show
LEAKS = (Flag.ATOM_LEAK, Flag.QUESTION_LEAK, Flag.SCAFFOLD_LEAK)


class Measure(StrEnum):
    """What a level is judged by: a column of queries/sweep_documents.sql, over its scored probes."""

    HARD = "hard"
    EASY = "easy"
    MEAN = "total"  # of the max scores, in hundredths

    @property
    def unit(self) -> int:
        """What an amount is counted in: 1 probe, or hundredths."""
        return 100 if self is Measure.MEAN else 1

    @property
    def rises(self) -> bool:
        """Whether a higher level is meant to raise it: higher levels ask for harder probes."""
        return self is Measure.HARD


class Count(NamedTuple):
    """One document at one level: how much of the measure its `size` scored probes hold."""

    amount: float
    size: int


Sweep = Mapping[int, Mapping[str, Count]]
"""The documents that have scored probes, by level and then by id."""


class Difference(NamedTuple):
    """How much more of the measure the level `to` has than `start`, over the documents scored at both.

    `error` is the standard error; `p` the chance of so large a difference where there is none, adjusted for all pairs
    that were `compared` (Holm).
    """

    start: int
    to: int
    documents: int
    interval: Interval
    error: float
    p: float
    compared: int = 1

    @property
    def told_apart(self) -> bool:
        """Whether the two levels differ by more than chance, at 5% for all neighbours together."""
        return self.p < 0.05

    @property
    def smallest(self) -> float:
        """The smallest difference that these documents would show four times out of five."""
        return _detectable(self.documents, self.error, compared=self.compared)


def _detectable(documents: int, error: float, *, compared: int) -> float:
    """Return the difference that a test at 5% over `compared` of them (Bonferroni) shows four times out of five.

    With many documents 2.8 standard errors for one comparison (1.96 for the test, 0.84 for the power); with few, as
    many more as Student's t asks for: 3.3 with 8 documents.
    """
    freedom = documents - 1
    return (quantile(freedom, 1 - 0.05 / compared) + quantile(freedom, 2 * POWER - 1)) * error


def counts(rows: Iterable[Mapping[str, Any]], measure: Measure) -> Sweep:
    """Return the counts of `measure` in the rows of sweep_documents.sql; documents without a score are left out."""
    found: dict[int, dict[str, Count]] = {}
    for row in rows:
        if row["scored"]:
            found.setdefault(row["level"], {})[row["doc_id"]] = Count(row[measure] / measure.unit, row["scored"])
    return dict(sorted(found.items()))


def complete(sweep: Sweep) -> Sweep:
    """Return the sweep with the documents that have scored probes at every level, and no others."""
    shared = set.intersection(*map(set, sweep.values())) if sweep else set()
    return {level: {doc: found[doc] for doc in sorted(shared)} for level, found in sweep.items()}


def clustered(rows: Iterable[Mapping[str, Any]], *, amount: str, size: str) -> Sums:
    """Return the sums over documents of one level that the intervals of queries/statistics.py are made from."""
    pairs = [(row[amount], row[size]) for row in rows if row[size]]
    return Sums(
        documents=len(pairs),
        size=sum(m for _, m in pairs),
        size_squared=sum(m * m for _, m in pairs),
        amount=sum(a for a, _ in pairs),
        amount_squared=sum(a * a for a, _ in pairs),
        cross=sum(a * m for a, m in pairs),
    )


def difference(sweep: Sweep, *, start: int, to: int) -> Difference | None:
    """Return how the two levels differ over the documents scored at both; None with fewer than two of those.

    A difference of ratios, linearised by document: sum(a)/sum(m) at each level, with the covariance of the two levels
    (Miller, arXiv 2411.00640, section 4.2, for clusters of unequal size). Where the documents show no spread at all,
    the intervals of both levels are combined as if unpaired (Newcombe 1998, Statistics in Medicine 17, method 10).
    """
    shared = sorted(sweep[start].keys() & sweep[to].keys())
    if len(shared) < 2:
        return None
    before, after = ([sweep[level][doc] for doc in shared] for level in (start, to))
    (low, low_parts), (high, high_parts) = _linearised(before), _linearised(after)
    spread = sum((b - a) ** 2 for a, b in zip(low_parts, high_parts, strict=True))
    documents, value = len(shared), high - low
    error = sqrt(documents / (documents - 1) * spread)
    if error < 1e-12:
        return Difference(start, to, documents, _unpaired(low, high, documents), 0.0, 1.0)
    half = quantile(documents - 1) * error
    p = two_sided(value / error, documents - 1)
    return Difference(start, to, documents, Interval(value, max(value - half, -1), min(value + half, 1)), error, p)


def _linearised(found: Sequence[Count]) -> tuple[float, list[float]]:
    """Return the ratio of the sums, and how much each document pulls it up or down."""
    size = sum(count.size for count in found)
    ratio = sum(count.amount for count in found) / size
    return ratio, [(count.amount - ratio * count.size) / size for count in found]


def _unpaired(before: float, after: float, documents: int) -> Interval:
    (low, high), (low_after, high_after) = wilson(before, documents), wilson(after, documents)
    value = after - before
    down, up = (
        sqrt((after - low_after) ** 2 + (high - before) ** 2),
        sqrt((high_after - after) ** 2 + (before - low) ** 2),
    )
    return Interval(value, max(value - down, -1), min(value + up, 1))


def neighbours(sweep: Sweep) -> list[Difference]:
    """Return each level against the next one, with p adjusted for their number; pairs without two documents are left
    out."""
    levels = list(sweep)
    pairs = [difference(sweep, start=start, to=to) for start, to in itertools.pairwise(levels)]
    found = [pair for pair in pairs if pair]
    adjusted = holm([pair.p for pair in found])
    return [pair._replace(p=p, compared=len(found)) for pair, p in zip(found, adjusted, strict=True)]


def holm(chances: Sequence[float]) -> list[float]:
    """Return p-values adjusted for all being looked at (Holm 1979, Scandinavian J. of Statistics 6), in their order."""
    adjusted = [1.0] * len(chances)
    least = 0.0
    for done, place in enumerate(sorted(range(len(chances)), key=lambda each: chances[each])):
        least = max(least, min(1.0, (len(chances) - done) * chances[place]))
        adjusted[place] = least
    return adjusted


def documents_for(found: Difference, apart: float) -> int | None:
    """Return how many documents would show a true difference of `apart` four times out of five; None for no number.

    From the spread of the paired difference between the documents at hand, which shrinks with the root of their number.
    """
    if not apart or not found.error:
        return None
    normal = NormalDist()
    needed = normal.inv_cdf(1 - 0.025 / found.compared) + normal.inv_cdf(POWER)
    documents = max(2, ceil(found.documents * (needed * found.error / apart) ** 2))
    while not _shows(found, apart, documents):
        documents += 1
    return documents


def _shows(found: Difference, apart: float, documents: int) -> bool:
    error = found.error * sqrt(found.documents / documents)
    return _detectable(documents, error, compared=found.compared) <= abs(apart)


def agreements(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[int, int], Counter[str]]:
    """Return, by pair of neighbouring levels, for how many `documents` the generator chose the same `sibling`, `splits`
    and `targets`, from the rows of sweep_choices.sql. Splits of different siblings are never the same."""
    chosen: dict[int, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        chosen.setdefault(row["level"], {})[row["doc_id"]] = row
    return {(start, to): _agreement(chosen[start], chosen[to]) for start, to in itertools.pairwise(sorted(chosen))}


def _agreement(before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]) -> Counter[str]:
    found = Counter[str]()
    for doc in before.keys() & after.keys():
        one, other = before[doc], after[doc]
        same = one["doc_key"] == other["doc_key"]
        found.update(
            documents=1,
            sibling=same,
            splits=same and one["splits"] == other["splits"],
            targets=one["targets"] == other["targets"],
        )
    return found


def ladder(scores: Mapping[int, int]) -> list[tuple[int, float]]:
    """Return the share of probes with at most each score, from how many there are of each, in hundredths (the ECDF)."""
    total, below, steps = sum(scores.values()), 0, []
    for score, probes in sorted(scores.items()):
        below += probes
        steps.append((score, below / total))
    return steps
