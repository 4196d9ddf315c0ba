"""How far raters agree: tables, raw agreement, Cohen's kappa, Gwet's AC1 and Krippendorff's alpha, with intervals.

A rater is an annotator, the human label, or the automatic label. Each statistic is a function of sums over documents,
so that its interval is a bootstrap of documents in a few matrix products; documents with equal sums are drawn together,
one multinomial draw for all of them, which is the same distribution.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil, nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from queries.statistics import Interval, Z, wilson

Floats = NDArray[np.float64]

TWO = ("HARD", "EASY")
THREE = ("HARD", "UNSURE", "EASY")
"""MIDDLE and UNSURE are one category between HARD and EASY."""

DRAWS = 2000  # bootstrap samples: a 95% limit then varies by about 3% of the interval's width
BETWEEN = {"MIDDLE": "UNSURE"}


class Rating(NamedTuple):
    """One rater's word on one probe of a document."""

    document: str
    probe_id: str
    rater: str
    category: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Ratings:
    """Ratings as columns: `values[u, r]` is the number of the category that rater r gave probe u, -1 for none."""

    categories: tuple[str, ...]
    raters: tuple[str, ...]
    probes: tuple[str, ...]
    documents: NDArray[np.int64]
    values: NDArray[np.int64]


class Statistic(NamedTuple):
    """A statistic and its 95% interval, with how many more labelled probes make half its width `needed_for`."""

    value: float
    low: float
    high: float
    needed: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Agreement:
    """Everything about how far raters agree. `table[i, j]`: probes with category i by the first, j by the second rater.

    Statistics are None where they are not defined: kappa for other than two raters, all where no two raters met or,
    but for the raw agreement, where only one category was used. `prevalence` is the share of all ratings that a
    category has.
    """

    categories: tuple[str, ...]
    raters: tuple[str, ...]
    probes: int
    documents: int
    table: NDArray[np.int64] | None
    raw: Statistic | None
    kappa: Statistic | None
    ac1: Statistic | None
    alpha: Statistic | None
    prevalence: dict[str, Interval]


def ratings(given: Iterable[Rating], *, categories: Sequence[str]) -> Ratings:
    """Return ratings as columns; a category that is not among `categories` counts as no rating.

    Raters and probes come in sorted order; a rater's later word on a probe replaces the earlier one.
    """
    kept = [rating._replace(category=BETWEEN.get(rating.category, rating.category)) for rating in given]
    kept = [rating for rating in kept if rating.category in categories]
    raters = sorted({rating.rater for rating in kept})
    probes = sorted({(rating.document, rating.probe_id) for rating in kept})
    documents = {document: at for at, document in enumerate(sorted({document for document, _ in probes}))}
    row, column = {probe: at for at, probe in enumerate(probes)}, {rater: at for at, rater in enumerate(raters)}
    values = np.full((len(probes), len(raters)), -1)
    for rating in kept:
        at = row[rating.document, rating.probe_id], column[rating.rater]
        values[at] = categories.index(rating.category)
    return Ratings(
        categories=tuple(categories),
        raters=tuple(raters),
        probes=tuple(probe for _, probe in probes),
        documents=np.array([documents[document] for document, _ in probes], dtype=np.int64),
        values=values,
    )


def agreement(given: Ratings, *, seed: int = 0, wanted: float | None = None) -> Agreement:
    """Return how far the raters agree, intervals by bootstrap of documents; `wanted` is a half-width to plan for.

    Where no sample of documents differs from another, as where they agree on every probe, the raw agreement has
    Wilson's interval, each document counting once, and the others have none but their value. In one document kappa, AC1
    and alpha have all of their range.
    """
    counts = _counts(given)
    met = counts.sum(axis=1) >= 2
    documents = np.unique(given.documents[met], return_inverse=True)[1] if met.any() else np.array([], dtype=np.int64)
    number = int(documents.max()) + 1 if met.any() else 0
    parts = {
        "table": _tables(given),
        "pairs": _pairs(counts),
        "shares": _shares(counts),
        "given": counts,
    }
    sums = {name: _by_document(values[met], documents, number) for name, values in parts.items()}
    two = len(given.raters) == 2
    probes = int(met.sum())
    drawn = _bootstrap(sums, documents=number, seed=seed) if number > 1 else None

    def found(formula: Callable[[dict[str, Floats]], Floats]) -> Statistic | None:
        return _statistic(formula, sums, drawn, probes=probes, wanted=wanted)

    return Agreement(
        categories=given.categories,
        raters=given.raters,
        probes=probes,
        documents=number,
        table=sums["table"].sum(axis=0).astype(np.int64) if two and probes else None,
        raw=_unanimous(found(raw_agreement), documents=number, wanted=wanted),
        kappa=found(cohen_kappa) if two else None,
        ac1=found(gwet_ac1),
        alpha=found(krippendorff_alpha),
        prevalence={
            name: Interval(*part[:3])
            for at, name in enumerate(given.categories)
            if (part := found(partial(prevalence, category=at))) is not None
        },
    )


def _counts(given: Ratings) -> Floats:
    """Return how many raters gave each probe each category: probes x categories."""
    kinds = np.arange(len(given.categories))
    return np.asarray((given.values[:, :, None] == kinds).sum(axis=1), dtype=np.float64)


def _tables(given: Ratings) -> Floats:
    """Return the one cell of the first two raters' table that each probe is in: probes x categories x categories."""
    kinds = np.arange(len(given.categories))
    if len(given.raters) < 2:
        return np.zeros((len(given.values), len(kinds), len(kinds)))
    first, second = given.values[:, 0, None] == kinds, given.values[:, 1, None] == kinds
    return np.asarray(first[:, :, None] & second[:, None, :], dtype=np.float64)


def _pairs(counts: Floats) -> Floats:
    """Return each probe's part of the coincidence matrix: n_c (n_k - [c = k]) / (m - 1) (Krippendorff 2011)."""
    raters = counts.sum(axis=1)
    same = np.einsum("uc,ck->uck", counts, np.eye(counts.shape[1]))
    pairs = counts[:, :, None] * counts[:, None, :] - same
    return np.asarray(pairs / np.maximum(raters - 1, 1)[:, None, None])


def _shares(counts: Floats) -> Floats:
    """Return each probe's agreeing share of rater pairs, its categories' shares of its raters, and 1."""
    raters = counts.sum(axis=1)
    agreeing = (counts * (counts - 1)).sum(axis=1) / np.maximum(raters * (raters - 1), 1)
    return np.column_stack([agreeing, counts / np.maximum(raters, 1)[:, None], np.ones(len(counts))])


def _by_document(values: Floats, documents: NDArray[np.int64], number: int) -> Floats:
    sums = np.zeros((number, *values.shape[1:]))
    np.add.at(sums, documents, values)
    return sums


def _bootstrap(sums: dict[str, Floats], *, documents: int, seed: int) -> dict[str, Floats]:
    """Return the sums over DRAWS bootstrap samples of documents, the sample in the first axis."""
    flat = np.concatenate([values.reshape(documents, -1) for values in sums.values()], axis=1)
    kinds, times = np.unique(flat.round(9), axis=0, return_counts=True)
    weights = np.random.default_rng(seed).multinomial(documents, times / documents, size=DRAWS)
    totals, at, drawn = weights @ kinds, 0, {}
    for name, values in sums.items():
        width = int(np.prod(values.shape[1:]))
        drawn[name] = totals[:, at : at + width].reshape(DRAWS, *values.shape[1:])
        at += width
    return drawn


def _statistic(
    formula: Callable[[dict[str, Floats]], Floats],
    sums: dict[str, Floats],
    drawn: dict[str, Floats] | None,
    *,
    probes: int,
    wanted: float | None,
) -> Statistic | None:
    """Return a statistic of the sums with its percentile interval; all of its range where there is one document."""
    value = float(formula({name: values.sum(axis=0, keepdims=True) for name, values in sums.items()})[0])
    if np.isnan(value):
        return None
    spread = formula(drawn) if drawn else np.array([nan])
    spread = spread[~np.isnan(spread)]  # samples in which it is not defined say nothing of its spread
    if not len(spread):
        return Statistic(value, -1.0, 1.0)
    low, high = np.quantile(spread, (0.025, 0.975))
    needed = None
    if wanted:
        needed = max(ceil(probes * (Z * float(spread.std()) / wanted) ** 2) - probes, 0)
    return Statistic(value, float(low), float(high), needed)


def _unanimous(raw: Statistic | None, *, documents: int, wanted: float | None) -> Statistic | None:
    """Return the raw agreement, with Wilson's interval as of one probe a document where no sample of them differs.

    Where all agree, or in one document, the bootstrap has no spread and would claim to be certain.
    """
    if raw is None or (raw.low < raw.high and documents > 1):
        return raw
    low, high = wilson(raw.value, documents)
    needed = None
    if wanted and raw.value in (0, 1):  # there Wilson's interval is Z^2 / (n + Z^2) wide
        needed = max(ceil(Z**2 * (1 - 2 * wanted) / (2 * wanted)) - documents, 0)
    return Statistic(raw.value, low, high, needed)


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Return part / whole, nan where the whole is 0."""
    result: Floats = np.full(np.shape(part), nan)
    np.divide(part, whole, out=result, where=np.abs(whole) > 1e-12)
    return result


def raw_agreement(sums: dict[str, Floats]) -> Floats:
    """Return the share of rater pairs on a probe that agree, averaged over probes."""
    return _ratio(sums["shares"][:, 0], sums["shares"][:, -1])


def prevalence(sums: dict[str, Floats], *, category: int) -> Floats:
    """Return the share of all ratings that a category has."""
    given = sums["given"]
    return _ratio(given[:, category], given.sum(axis=1))


def cohen_kappa(sums: dict[str, Floats]) -> Floats:
    """Return (po - pe) / (1 - pe) with pe from both raters' own shares (Cohen 1960); nan where pe is 1."""
    table = sums["table"]
    total = table.sum(axis=(1, 2))
    observed = _ratio(np.trace(table, axis1=1, axis2=2), total)
    expected = _ratio((table.sum(axis=2) * table.sum(axis=1)).sum(axis=1), total**2)
    return _ratio(observed - expected, 1 - expected)


def gwet_ac1(sums: dict[str, Floats]) -> Floats:
    """Return (pa - pe) / (1 - pe) with pe = sum q(1 - q) / (K - 1) (Gwet 2008), any number of raters."""
    shares = sums["shares"]
    agreeing = _ratio(shares[:, 0], shares[:, -1])
    q = _ratio(shares[:, 1:-1], np.repeat(shares[:, -1:], shares.shape[1] - 2, axis=1))
    expected = (q * (1 - q)).sum(axis=1) / (q.shape[1] - 1)
    return _ratio(agreeing - expected, 1 - expected)


def krippendorff_alpha(sums: dict[str, Floats]) -> Floats:
    """Return 1 - Do / De for nominal categories (Krippendorff 2011): any raters, missing ratings; nan where De is 0."""
    pairs = sums["pairs"]
    marginal = pairs.sum(axis=2)
    total = marginal.sum(axis=1)
    disagreeing = total - np.trace(pairs, axis1=1, axis2=2)
    expected = _ratio(np.asarray(total**2 - (marginal**2).sum(axis=1)), total - 1)
    return 1 - _ratio(disagreeing, expected)
