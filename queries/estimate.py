"""What the labels of an estimate queue say of all probes it was drawn from: shares and error rates with intervals.

The probes were drawn without replacement within strata, so the sampling itself is the only randomness: each labelled
probe stands for N_h / n_h of its stratum, and that probes of one document resemble each other needs no correction here.
Drawn probes without a label count as missing at random within their stratum (queues come in random order).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from queries.labels.opinion import Verdict
from queries.queues import Item, Stratum
from queries.schema import Label
from queries.statistics import wilson

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

    `chance_mean` is the mean of `chance` over all probes of each stratum, labelled or not.
    """

    sizes: Floats
    probe_id: NDArray[np.str_]
    stratum: NDArray[np.int64]
    human: NDArray[np.str_]
    automatic: NDArray[np.str_]
    score: Floats
    scope: NDArray[np.str_]
    chance_mean: Floats

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
        """What the automatic score says of a HARD verdict on each labelled probe: 1 - max score, 0 where unscored."""
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
    counted = Counter(name for name, _ in judged)
    groups = _merge({part.stratum: counted[part.stratum] for part in strata})
    count = max(groups.values()) + 1
    sizes, scored, total = np.zeros((3, count))
    for part in strata:
        group = groups[part.stratum]
        sizes[group] += part.probes
        scored[group] += part.scored
        total[group] += part.total
    rows = [row for _, row in judged]
    return Sample(
        sizes=sizes,
        probe_id=np.array([str(row["probe_id"]) for row in rows]),
        stratum=np.array([groups[name] for name, _ in judged]),
        human=np.array([str(row["verdict"]) for row in rows]),
        automatic=np.array([str(row["automatic"]) for row in rows]),
        score=np.array([np.nan if row["score"] is None else row["score"] for row in rows], dtype=np.float64),
        scope=np.array([row["scope"] or "" for row in rows]),
        chance_mean=(scored - total / 100) / sizes,
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
    variance = float(_variances(found, inside * (of - value)).sum() / weights.sum() ** 2)
    labels = int(inside.sum())
    if (found.labelled == found.sizes).all():
        return Estimate(value, value, value, labels)
    if not variance or value in (0, 1):  # then the spread says nothing: the size that the weights leave (Kish 1965)
        low, high = wilson(value, float(weights.sum() ** 2 / (weights @ weights)))
        return Estimate(value, low, high, labels)
    return _estimate(value, variance, labels=labels)


def _estimate(value: float, variance: float, *, labels: int, gain: float = 1.0) -> Estimate:
    """Return an estimate with Wilson's interval at the size of an independent sample of the same variance."""
    low, high = wilson(value, max(value * (1 - value) / variance, 1.0))
    return Estimate(value, low, high, labels, gain)


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


def human_hard_by_score(found: Sample, *, starts: Sequence[int], within: Mask | None = None) -> dict[int, Estimate]:
    """Return the share of HARD verdicts in each bin of max scores, bins beginning at `starts` hundredths.

    Of the probes `within` a part of the population (default: all of it). Bins without a label are left out, as are
    unscored probes.
    """
    scored = ~np.isnan(found.score) if within is None else within & ~np.isnan(found.score)
    bins = np.digitize(found.score, starts) - 1
    found_bins = {number: human_hard(found, within=scored & (bins == number)) for number in range(len(starts))}
    return {number: estimate for number, estimate in found_bins.items() if estimate}


def assisted_hard(found: Sample) -> Estimate:
    """Return the share of probes that persons call HARD, sharpened by the automatic scores of all probes.

    theta = lambda mean(f over all) + sum W_h mean_h(y - lambda f), with the lambda that makes its variance smallest:
    PPI++ (Angelopoulos, Duchi and Zrnic, arXiv 2311.01453) by stratum as in StratPPI (arXiv 2406.04291), for a finite
    population whose f are all known: the difference estimator of survey sampling, whose variance has the correction
    1 - n/N where PPI++ adds var(f)/N. `gain` is the variance without f over the variance with it.
    """
    y, f = found.hard, found.chance
    shares, count = found.sizes / found.sizes.sum(), found.labelled
    each = shares**2 * (1 - count / found.sizes) / count
    over = float(each @ _spread(found, f))
    slope = float(each @ _spread(found, y, f)) / over if over else 0.0
    means = np.bincount(found.stratum, y - slope * f, len(count)) / count
    value = min(max(float(shares @ (slope * found.chance_mean + means)), 0.0), 1.0)
    variance = float(each @ _spread(found, y - slope * f))
    plain = float(each @ _spread(found, y))
    if not variance:
        return share(found, of=y == 1) or Estimate(value, 0.0, 1.0, len(y))
    return _estimate(value, variance, labels=len(y), gain=plain / variance)


def needed(found: Estimate, *, wanted: float) -> int:
    """Return about how many more labels like these make half the interval's width `wanted`: widths fall as 1 / sqrt(n).

    Without the finite population correction, so rather too many than too few.
    """
    half = (found.high - found.low) / 2
    return max(ceil(found.labels * (half / wanted) ** 2) - found.labels, 0)
