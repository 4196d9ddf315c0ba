"""The dose-response of a sweep: what a measure does as the calibration level rises, and which level reaches a target.

Levels are first asked for a trend: neighbours rarely differ enough to be told apart while their order as a whole is
plain. With 100 documents and 3 points a level, a pair of neighbours is told apart one time in seven, the trend always.
"""

from collections.abc import Iterable, Mapping
from math import sqrt
from statistics import fmean, stdev
from typing import NamedTuple

from queries.calibration import Count, Sweep, complete
from queries.statistics import Interval
from queries.student import quantile, two_sided


class Trend(NamedTuple):
    """The mean over documents of how much a level changes each, and the t test that it changes nothing."""

    documents: int
    interval: Interval
    t: float
    p: float


class Line(NamedTuple):
    """A straight line through the levels: `base` at level 0, `slope` a level, and their variances over documents."""

    documents: int
    base: float
    slope: float
    base_variance: float
    slope_variance: float
    covariance: float

    def at(self, level: float) -> Interval:
        """Return what the line says of a level, with its pointwise 95% interval."""
        value = self.base + self.slope * level
        variance = self.base_variance + 2 * level * self.covariance + level**2 * self.slope_variance
        half = quantile(self.documents - 1) * sqrt(max(variance, 0.0))
        return Interval(value, value - half, value + half)

    def reaching(self, target: float) -> Interval | None:
        """Return the level at which the line reaches `target`, with all levels at which that cannot be ruled out.

        Fieller (1954), J. Royal Statistical Society B 16, 175-185. None where the slope is not told from 0: then no
        level can be ruled out, however high or low.
        """
        far = self.base - target
        critical = quantile(self.documents - 1) ** 2
        square = self.slope**2 - critical * self.slope_variance
        if not square > 0:
            return None
        linear = self.slope * far - critical * self.covariance
        constant = far**2 - critical * self.base_variance
        half = sqrt(max(linear**2 - square * constant, 0.0))
        return Interval(-far / self.slope, (-linear - half) / square, (-linear + half) / square)


def trend(sweep: Sweep) -> Trend | None:
    """Return how much the measure changes a level: the mean of each document's least-squares slope, and its t test.

    Over the documents scored at every level; a document counts once, whatever its number of probes. None with fewer
    than two levels or documents, or where all documents change alike.
    """
    whole = complete(sweep)
    levels = list(whole)
    documents = list(whole[levels[0]]) if levels else []
    if len(levels) < 2 or len(documents) < 2:
        return None
    middle = fmean(levels)
    scale = sum((level - middle) ** 2 for level in levels)
    weights = {level: (level - middle) / scale for level in levels}
    slopes = [sum(weights[level] * _share(whole[level][doc]) for level in levels) for doc in documents]
    error = stdev(slopes) / sqrt(len(slopes))
    if error < 1e-12:
        return None
    freedom, value = len(slopes) - 1, fmean(slopes)
    half = quantile(freedom) * error
    return Trend(
        len(slopes), Interval(value, value - half, value + half), value / error, two_sided(value / error, freedom)
    )


def _share(count: Count) -> float:
    return count.amount / count.size


def line(sweep: Sweep) -> Line | None:
    """Return the least-squares line of the measure over the levels, every scored probe counting alike.

    Variances are of documents as clusters (Liang and Zeger 1986, Biometrika 73, with D / (D - 1)). Over the documents
    scored at every level; None with fewer than two levels or documents.
    """
    whole = complete(sweep)
    documents = len(next(iter(whole.values()), {}))
    if len(whole) < 2 or documents < 2:
        return None
    cells = [(level, doc, count) for level, found in whole.items() for doc, count in found.items()]
    size = sum(count.size for _, _, count in cells)
    first = sum(level * count.size for level, _, count in cells)
    second = sum(level**2 * count.size for level, _, count in cells)
    amount = sum(count.amount for _, _, count in cells)
    cross = sum(level * count.amount for level, _, count in cells)
    scale = size * second - first**2
    slope = (size * cross - first * amount) / scale
    base = (amount - slope * first) / size
    pulls: dict[str, tuple[float, float]] = {}
    for level, doc, count in cells:
        rest = count.amount - count.size * (base + slope * level)
        before = pulls.get(doc, (0.0, 0.0))
        pulls[doc] = before[0] + rest, before[1] + level * rest
    # each document's pull on (base, slope): the inverse of the sums of squares times its residuals
    moved = [((second * u - first * v) / scale, (size * v - first * u) / scale) for u, v in pulls.values()]
    correction = documents / (documents - 1)
    return Line(
        documents=documents,
        base=base,
        slope=slope,
        base_variance=correction * sum(u * u for u, _ in moved),
        slope_variance=correction * sum(v * v for _, v in moved),
        covariance=correction * sum(u * v for u, v in moved),
    )


def isotonic(sweep: Sweep, *, rises: bool) -> dict[int, float]:
    """Return the measure by level, fitted so that it never turns back: levels out of order share their mean.

    Pool adjacent violators (Barlow and others, Statistical Inference under Order Restrictions, 1972), by probes.
    """
    sign = 1 if rises else -1
    blocks: list[tuple[float, int, list[int]]] = []  # amount, probes, levels
    for level, found in complete(sweep).items():
        block = (sum(count.amount for count in found.values()), sum(count.size for count in found.values()), [level])
        while block[1] and blocks and sign * blocks[-1][0] * block[1] > sign * block[0] * blocks[-1][1]:
            amount, size, levels = blocks.pop()
            block = (amount + block[0], size + block[1], levels + block[2])
        blocks.append(block)
    return {level: amount / size for amount, size, levels in blocks if size for level in levels}


def reached(fitted: Mapping[int, float], target: float) -> float | None:
    """Return the first level at which an isotonic fit, joined by straight lines, reaches `target`; None outside it."""
    before = None
    for level, value in fitted.items():
        if value == target:
            return level
        if before and (before[1] - target) * (value - target) < 0:
            share = (target - before[1]) / (value - before[1])
            return before[0] + share * (level - before[0])
        before = level, value
    return None


def nearest(level: float, tried: Iterable[int]) -> int | None:
    """Return the level of `tried` that is nearest to `level`; None where none is within half a step of it."""
    best = min(tried, key=lambda each: abs(each - level), default=None)
    return best if best is not None and abs(best - level) <= 0.5 else None
