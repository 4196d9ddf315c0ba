"""What the labels of an estimate queue say of all probes it was drawn from: shares and error rates with intervals.

The probes were drawn without replacement within strata, so the sampling itself is the only randomness: each labelled
probe stands for N_h / n_h of its stratum, and that probes of one document resemble each other needs no correction here.
Drawn probes without a label count as missing at random within their stratum (queues come in random order).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from queries.labels.opinion import Verdict
from queries.queues import Item, Stratum
from queries.schema import Label
from queries.statistics import Z, wilson

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

DECIDED = (Verdict.HARD, Verdict.EASY)


class Estimate(NamedTuple):
    """A share of the population in 0-1, its 95% interval, and how many labels it rests on.

    `gain` is how many times as many labels the same interval would need without the automatic scores (1: none).
    """

    value: float
    low: float
    high: float
    labels: int
    gain: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """The labelled probes of one queue as columns, and the strata they stand for; small strata are merged.

    `chance` is what the automatic score says of a HARD verdict, 1 - max score (0 where unscored), `chance_mean` and
    `chance_variance` the same over all probes of each stratum.
    """

    sizes: Floats
    stratum: NDArray[np.int64]
    human: NDArray[np.str_]
    automatic: NDArray[np.str_]
    score: Floats
    scope: NDArray[np.str_]
    chance_mean: Floats
    chance_variance: Floats

    @property
    def labelled(self) -> Floats:
        """How many labels each stratum has."""
        return np.bincount(self.stratum, minlength=len(self.sizes)).astype(np.float64)

    @property
    def weights(self) -> Floats:
        """How many probes each labelled one stands for: the inverse of the chance with which it was labelled."""
        return np.asarray((self.sizes / self.labelled)[self.stratum], dtype=np.float64)

    @property
    def chance(self) -> Floats:
        """What the automatic score says of a HARD verdict on each labelled probe."""
        return np.asarray(np.where(np.isnan(self.score), 0.0, 1 - self.score / 100), dtype=np.float64)

    @property
    def hard(self) -> Floats:
        """1 for each labelled probe that persons call HARD, 0 for the others."""
        return np.asarray(self.human == Verdict.HARD, dtype=np.float64)


def sample(*, strata: Sequence[Stratum], items: Iterable[Item], labels: Iterable[Mapping[str, Any]]) -> Sample | None:
    """Return the labelled probes of an estimate queue; None where there are fewer than two.

    `labels` are the rows of human_labels.sql, of which stale ones are left out.
    """
    known = {row["probe_id"]: row for row in labels if row["source"] != "stale"}
    judged = [(item.stratum, known[item.probe_id]) for item in items if item.probe_id in known]
    if len(judged) < 2:
        return None
    groups = _merge({part.stratum: sum(name == part.stratum for name, _ in judged) for part in strata})
    count = max(groups.values()) + 1
    totals = np.zeros((4, count))
    for part in strata:
        totals[:, groups[part.stratum]] += (part.probes, part.scored, part.total, part.squares)
    sizes, scored, total, squares = totals
    mean = (scored - total / 100) / sizes
    rows = [row for _, row in judged]
    return Sample(
        sizes=sizes,
        stratum=np.array([groups[name] for name, _ in judged]),
        human=np.array([str(row["verdict"]) for row in rows]),
        automatic=np.array([str(row["automatic"]) for row in rows]),
        score=np.array([np.nan if row["score"] is None else row["score"] for row in rows], dtype=np.float64),
        scope=np.array([row["scope"] or "" for row in rows]),
        chance_mean=mean,
        chance_variance=(scored - 2 * total / 100 + squares / 10_000) / sizes - mean**2,
    )


def _merge(labelled: Mapping[str, int]) -> dict[str, int]:
    """Return the number of the group of each stratum: one each, but those with fewer than two labels share one.

    A variance needs two; the shared group takes in the next smallest strata until it has them.
    """
    smallest_first = sorted(labelled, key=lambda name: (labelled[name], name))
    alone = [name for name in smallest_first if labelled[name] >= 2]
    shared = [name for name in smallest_first if labelled[name] < 2]
    while shared and sum(labelled[name] for name in shared) < 2:
        shared.append(alone.pop(0))
    groups = {name: number for number, name in enumerate(alone)}
    return groups | dict.fromkeys(shared, len(alone))


def share(found: Sample, *, of: Mask, within: Mask | None = None) -> Estimate | None:
    """Return the share `of` probes among those `within` a part of the population (default: all of it).

    The Horvitz-Thompson ratio sum(w d y) / sum(w d), with the linearised stratified variance and the finite population
    correction (Cochran, Sampling Techniques, 1977, 5A.14 and 6.11), and Wilson's interval at the sample size of that
    variance. None where no labelled probe is in the part.
    """
    inside = np.ones(len(found.human)) if within is None else within.astype(np.float64)
    weights = found.weights * inside
    if not weights.any():
        return None
    value = float(weights @ of / weights.sum())
    variance = float(_variances(found, inside * (of - value)).sum()) / weights.sum() ** 2
    labels = int(inside.sum())
    if (found.labelled == found.sizes).all():
        return Estimate(value, value, value, labels)
    size = value * (1 - value) / variance if variance > 0 else float(weights.sum() ** 2 / (weights @ weights))
    low, high = wilson(value, size)
    return Estimate(value, low, high, labels)


def _variances(found: Sample, values: Floats) -> Floats:
    """Return the variance of the estimated total of `values`, by stratum: N^2 (1 - n/N) s^2 / n."""
    return np.asarray(found.sizes**2 * (1 - found.labelled / found.sizes) * _spread(found, values) / found.labelled)


def _spread(found: Sample, values: Floats, others: Floats | None = None) -> Floats:
    """Return the variance of `values` within each stratum, or their covariance with `others`."""
    others = values if others is None else others
    count, at = found.labelled, found.stratum
    means = np.bincount(at, values, len(count)) / count
    other_means = np.bincount(at, others, len(count)) / count
    products = np.bincount(at, (values - means[at]) * (others - other_means[at]), len(count))
    return np.asarray(products / np.maximum(count - 1, 1))


def error(found: Sample, *, within: Mask | None = None) -> Estimate | None:
    """Return how often the automatic label is wrong where both it and persons say HARD or EASY."""
    both = _decided(found) & np.isin(found.automatic, DECIDED)
    return share(found, of=found.human != found.automatic, within=both if within is None else both & within)


def false_hard(found: Sample, *, within: Mask | None = None) -> Estimate | None:
    """Return the share of automatic HARD labels that persons call EASY, of those they decide."""
    return _false(found, Label.HARD, within)


def false_easy(found: Sample, *, within: Mask | None = None) -> Estimate | None:
    """Return the share of automatic EASY labels that persons call HARD, of those they decide."""
    return _false(found, Label.EASY, within)


def _false(found: Sample, label: Label, within: Mask | None) -> Estimate | None:
    part = _decided(found) & (found.automatic == label)
    return share(found, of=found.human != found.automatic, within=part if within is None else part & within)


def _decided(found: Sample) -> Mask:
    return np.isin(found.human, DECIDED)


def human_hard(found: Sample, *, within: Mask | None = None) -> Estimate | None:
    """Return the share of probes that persons call HARD, UNSURE and EASY counting as not HARD."""
    return share(found, of=found.human == Verdict.HARD, within=within)


def human_hard_by_score(found: Sample, *, starts: Sequence[int]) -> dict[int, Estimate]:
    """Return the share of HARD verdicts in each bin of max scores, bins beginning at `starts` hundredths.

    Bins without a label are left out, as are unscored probes.
    """
    scored = ~np.isnan(found.score)
    bins = np.digitize(found.score, starts) - 1
    found_bins = {number: human_hard(found, within=scored & (bins == number)) for number in range(len(starts))}
    return {number: estimate for number, estimate in found_bins.items() if estimate}


def assisted_hard(found: Sample) -> Estimate:
    """Return the share of probes that persons call HARD, sharpened by the automatic scores of all probes (PPI++).

    theta = lambda mean(f over all) + sum W_h mean_h(y - lambda f), with the lambda that makes the variance
    sum W_h^2 (lambda^2 var_h(f) / N_h + var_h(y - lambda f) / n_h) smallest: Angelopoulos, Duchi, Zrnic, PPI++ (arXiv
    2311.01453), by stratum as in StratPPI (arXiv 2406.04291). `gain` is the classical variance over this one.
    """
    y, f = found.hard, found.chance
    shares, count = found.sizes / found.sizes.sum(), found.labelled
    square = shares**2
    denominator = float((square * _spread(found, f) * (1 / count + 1 / found.sizes)).sum())
    slope = float((square * _spread(found, y, f) / count).sum()) / denominator if denominator else 0.0
    rest = y - slope * f
    means = np.bincount(found.stratum, rest, len(count)) / count
    value = float(shares @ (slope * found.chance_mean + means))
    classical = float((square * _spread(found, y) / count).sum())
    variance = float((square * (slope**2 * found.chance_variance / found.sizes + _spread(found, rest) / count)).sum())
    half = Z * sqrt(variance)
    gain = classical / variance if variance else 1.0
    return Estimate(value, max(value - half, 0.0), min(value + half, 1.0), len(y), gain)
