"""The numbers of the score distribution: bars, means, and shares with intervals that know documents are clusters.

Pure arithmetic on counts that SQL has made (score_lattice.sql, score_documents.sql). Scores are max scores in
hundredths, so that bins are exact: 0.6 falls into different bins under floor(x / 0.2) and floor(x * 5).
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from math import comb, sqrt
from statistics import NormalDist
from typing import NamedTuple

from queries.schema import Label, Thresholds
from queries.student import quantile

Z = NormalDist().inv_cdf(0.975)  # two-sided 95%
FEW_DOCUMENTS = 30  # below this the spread between documents is itself too uncertain (research: grey such cells)

CARD_BINS = tuple(range(0, 100, 20))
"""Where the five bins of the dataset card begin: [0, 0.2) ... [0.8, 1], the last one closed."""

LATTICE = tuple(range(101))
"""Where the bins of the exact lattice begin: every value a rounded score can take."""


class Cell(NamedTuple):
    """How many probes have one max score, and the automatic label that they share."""

    score: int
    label: Label
    probes: int


class Bar(NamedTuple):
    """The probes of one label in one bin: number `bin`, and the scores meant, in hundredths, both ends included."""

    bin: int
    low: int
    high: int
    label: Label
    probes: int


class Interval(NamedTuple):
    """An estimate and its 95% interval."""

    value: float
    low: float
    high: float


class Sums(NamedTuple):
    """What a ratio over documents needs: over documents d, of sizes m_d > 0 with amounts a_d, the sums of
    m, m^2, a, a^2 and a*m."""

    documents: int
    size: int
    size_squared: int
    amount: int
    amount_squared: int
    cross: int


def bars(cells: Iterable[Cell], *, starts: tuple[int, ...], thresholds: Thresholds) -> list[Bar]:
    """Return the bars of a histogram with bins beginning at `starts`; a bin that a threshold cuts gives one bar a side.

    Empty bars are left out. A score outside 0-100 counts in the first or the last bin, so the bars add up to the cells.
    """
    edges = sorted({*starts, *thresholds} & set(LATTICE))
    found: Counter[tuple[int, Label]] = Counter()
    for score, label, probes in cells:
        found[bisect_right(edges, score) - 1, label] += probes
    ends = [*(edge - 1 for edge in edges[1:]), LATTICE[-1]]
    return [
        Bar(bisect_right(starts, edges[at]) - 1, edges[at], ends[at], label, probes)
        for (at, label), probes in sorted(found.items())
    ]


def deviation(*, size: int, total: int, squares: int) -> float | None:
    """Return the standard deviation (of the population) in 0-1 from the sums of scores; None where there are none."""
    if not size:
        return None
    return sqrt(size * squares - total * total) / size / 100  # exact in integers, where floats would lose digits


def standard_error(sums: Sums) -> float:
    """Return the standard error of the ratio sum(a) / sum(m) with documents as clusters; 0 with fewer than two.

    Linearised ratio estimator, sqrt(D / (D - 1) * sum((a_d - p * m_d)^2)) / sum(m_d): Cochran, Sampling Techniques
    (1977), 6.3; used for clustered evaluations by Miller, arXiv 2411.00640.
    """
    if sums.documents < 2:
        return 0.0
    # sum((a - p*m)^2) * M^2 with p = A/M, kept in integers: the terms nearly cancel
    scaled = (
        sums.amount_squared * sums.size**2
        - 2 * sums.amount * sums.size * sums.cross
        + sums.amount**2 * sums.size_squared
    )
    return sqrt(sums.documents / (sums.documents - 1) * scaled) / sums.size**2


def mean_interval(sums: Sums) -> Interval | None:
    """Return the mean of scores, sums of hundredths, in 0-1 with its clustered interval; None where there are none.

    With fewer than two documents nothing is known of the spread, and the interval is all of 0-1; with few, Student's t
    makes it as wide as their spread asks for.
    """
    if not sums.size:
        return None
    mean = sums.amount / sums.size / 100
    if sums.documents < 2:
        return Interval(mean, 0.0, 1.0)
    half = quantile(sums.documents - 1) * standard_error(sums) / 100
    return Interval(mean, max(mean - half, 0.0), min(mean + half, 1.0))


def effective_size(sums: Sums, *, probes: int | None = None) -> float:
    """Return how many independent probes would tell a share as well as these clustered ones: n / DEFF.

    Never more than there are probes: `probes`, where the sums count each of them several times. Where the spread
    between documents says nothing (a share of 0 or 1) or too little (fewer than 30 documents), it is the number of
    documents: as if all probes of a document were one.
    """
    error = standard_error(sums)
    if not error or sums.documents < FEW_DOCUMENTS or sums.amount in (0, sums.size):
        return sums.documents
    share = sums.amount / sums.size
    return min(share * (1 - share) / error**2, sums.size if probes is None else probes)


def share_interval(sums: Sums, *, probes: int | None = None) -> Interval | None:
    """Return the share sum(a) / sum(m) with its clustered 95% interval; None where there are no probes.

    `probes` is how many there are, where the sums count each of them several times.

    Wilson's interval at the effective size: it stays in 0-1 and has a width at 0 and 1 too. Dean and Pagano (2015,
    Journal of Survey Statistics and Methodology 3) compare it with others for clustered shares.
    """
    if not sums.size:
        return None
    share, size = sums.amount / sums.size, effective_size(sums, probes=probes)
    low, high = wilson(share, size)
    return Interval(share, low, high)


def wilson(share: float, size: float) -> tuple[float, float]:
    """Return Wilson's 95% interval of a share of `size` > 0 independent draws (Wilson 1927, JASA 22)."""
    centre = share + Z**2 / (2 * size)
    half = Z * sqrt(share * (1 - share) / size + Z**2 / (4 * size**2))
    scale = 1 + Z**2 / size
    return min(max((centre - half) / scale, 0.0), share), max(min((centre + half) / scale, 1.0), share)


def ways_to_draw(answers: int) -> tuple[int, ...]:
    """Return in how many ways 1, 2, ... of a probe's `answers` can be drawn."""
    return tuple(comb(answers, drawn) for drawn in range(1, answers + 1))


def ways_to_miss(answers: int) -> tuple[tuple[int, ...], ...]:
    """Return how many draws miss a threshold: by how many are drawn, then how many of all reach it.

    Misses over draws, C(n - c, k) / C(n, k), is the unbiased chance that k fresh answers all miss: the complement of
    pass@k (Chen et al., arXiv 2107.03374).
    """
    return tuple(
        tuple(comb(answers - reached, drawn) for reached in range(answers + 1)) for drawn in range(1, answers + 1)
    )


def sums_of(row: Mapping[str, int], *, amount: str, size: str) -> Sums:
    """Return the sums of one share or mean in a row of score_documents.sql, by the names of its columns."""
    return Sums(
        documents=row[f"{size}_documents"],
        size=row[size],
        size_squared=row[f"{size}_squared"],
        amount=row[amount],
        amount_squared=row[f"{amount}_squared"],
        cross=row[f"{amount}_cross"],
    )
