"""Agreement statistics against published values, arithmetic by hand, and simulation."""

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queries.agreement import THREE, TWO, Agreement, Rating, Ratings, agreement, ratings

FIRST = [0, 1, 1, 0, 1, 1, 0, 0, 1, 1, 1, 1]
SECOND = [0, 1, 0, 0, 1, 1, 0, 1, 1, 1, 1, 1]


def columns(*raters: Iterable[int | None], categories: str = "01", per_document: int = 1) -> Ratings:
    """Return ratings given as one list a rater, None for a missing one, categories as digits."""
    given = [
        Rating(f"d{unit // per_document:04d}", f"p{unit:04d}", f"r{rater}", str(value))
        for rater, values in enumerate(raters)
        for unit, value in enumerate(values)
        if value is not None
    ]
    return ratings(given, categories=tuple(categories))


def value(found: Agreement, name: str) -> float:
    statistic = getattr(found, name)
    assert statistic is not None
    return float(statistic.value)


def from_table(table: list[list[int]]) -> Ratings:
    cells = [(i, j) for i, row in enumerate(table) for j, times in enumerate(row) for _ in range(times)]
    return columns(*zip(*cells, strict=True), categories="".join(map(str, range(len(table)))))


def test_two_raters_against_the_reference_packages() -> None:
    # krippendorff 0.9.0 and irrCAC 0.4.4 on these lists: alpha .640625, AC1 .7, raw agreement .8333
    found = agreement(columns(FIRST, SECOND))
    assert found.table.tolist() == [[3, 1], [1, 7]]
    assert value(found, "raw") == pytest.approx(10 / 12)
    assert value(found, "alpha") == pytest.approx(0.640625)
    assert value(found, "ac1") == pytest.approx(0.7)
    assert value(found, "kappa") == pytest.approx(0.625)  # pe = (4 * 4 + 8 * 8) / 144, (10/12 - 5/9) / (4/9)
    assert (found.probes, found.documents, found.raters) == (12, 12, ("r0", "r1"))
    assert found.prevalence["1"].value == pytest.approx(16 / 24)


def test_krippendorffs_own_example_with_four_observers_and_missing_data() -> None:
    # Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), C: nominal alpha = 0.743
    x = None
    observers = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, x, x, x],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, x, 3],
        [x, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, x],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, x],
    ]
    found = agreement(columns(*observers, categories="12345"))
    assert value(found, "alpha") == pytest.approx(0.743, abs=0.0005)
    assert (found.probes, found.kappa, found.table) == (11, None, None)


def test_cohens_kappa_of_a_three_way_table_by_hand() -> None:
    # po = 70/100; pe = (.40*.45 + .35*.30 + .25*.25) = .3475; kappa = .3525/.6525
    found = agreement(from_table([[35, 3, 2], [7, 20, 8], [3, 7, 15]]))
    assert value(found, "raw") == pytest.approx(0.7)
    assert value(found, "kappa") == pytest.approx(0.3525 / 0.6525)


@pytest.mark.parametrize(("a", "b", "c", "d", "kappa", "ac1"), [
    (475, 25, 25, 475, 0.90, 0.90), (175, 25, 25, 775, 0.84, 0.93), (25, 25, 25, 925, 0.47, 0.94),
])  # fmt: skip
def test_at_equal_agreement_kappa_falls_with_prevalence_and_ac1_does_not(
    a: int, b: int, c: int, d: int, kappa: float, ac1: float
) -> None:
    # 95% agreement; prevalence .5, .2, .05 by each rater; (po - pe) / (1 - pe) with pe = p^2 + q^2 and 2pq
    found = agreement(from_table([[a, b], [c, d]]))
    assert value(found, "raw") == pytest.approx(0.95)
    assert value(found, "kappa") == pytest.approx(kappa, abs=0.006)
    assert value(found, "ac1") == pytest.approx(ac1, abs=0.006)


def test_ac1_of_three_raters_by_hand() -> None:
    # units (1,1,1), (1,1,2), (2,2,2): pa = (1 + 1/3 + 1) / 3 = 7/9; q1 = (1 + 2/3 + 0) / 3 = 5/9;
    # pe = 2 * 5/9 * 4/9 = 40/81; AC1 = (63/81 - 40/81) / (41/81)
    found = agreement(columns([1, 1, 2], [1, 1, 2], [1, 2, 2], categories="12"))
    assert value(found, "raw") == pytest.approx(7 / 9)
    assert value(found, "ac1") == pytest.approx(23 / 41)


def test_perfect_agreement_is_one_and_what_is_undefined_is_none() -> None:
    perfect = agreement(columns([0, 1, 0, 1], [0, 1, 0, 1]))
    assert {value(perfect, name) for name in ("raw", "kappa", "ac1", "alpha")} == {1.0}
    one_category = agreement(columns([1, 1, 1], [1, 1, 1]))
    assert (value(one_category, "raw"), one_category.kappa, one_category.alpha) == (1.0, None, None)
    never_met = agreement(columns([1, 0, None, None], [None, None, 1, 0]))
    assert (never_met.probes, never_met.raw, never_met.kappa, never_met.table) == (0, None, None, None)
    assert agreement(ratings([], categories=TWO)).raw is None


def test_middle_and_unsure_are_one_category_of_three_and_none_of_two() -> None:
    given = [Rating("d", "p", "automatic", "MIDDLE"), Rating("d", "p", "human", "UNSURE")]
    assert agreement(ratings(given, categories=THREE)).table.tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert agreement(ratings(given, categories=TWO)).probes == 0


def test_documents_with_one_probe_each_and_documents_of_copies_have_the_same_values_but_wider_intervals() -> None:
    rng = np.random.default_rng(3)
    first = rng.integers(0, 2, 100)
    second = np.where(rng.random(100) < 0.8, first, 1 - first)
    apart = agreement(columns(first.tolist(), second.tolist()))
    copied = agreement(columns(np.repeat(first, 6).tolist(), np.repeat(second, 6).tolist(), per_document=6))
    scattered = agreement(columns(np.repeat(first, 6).tolist(), np.repeat(second, 6).tolist()))
    for name in ("raw", "kappa"):
        one, six, loose = (getattr(found, name) for found in (apart, copied, scattered))
        assert one.value == pytest.approx(six.value)
        assert six.high - six.low == pytest.approx(one.high - one.low, rel=0.1)
        assert loose.high - loose.low < 0.6 * (six.high - six.low)


def test_the_interval_of_kappa_covers_the_truth() -> None:
    """Documents of four probes with a shared difficulty: nominal 95%, kappa of a large population as the truth."""
    rng = np.random.default_rng(11)

    def draw(documents: int) -> tuple[list[int], list[int]]:
        easy = np.repeat(rng.random(documents) < 0.5, 4)
        first = (rng.random(4 * documents) < np.where(easy, 0.8, 0.2)).astype(int)
        second = np.where(rng.random(4 * documents) < 0.85, first, 1 - first)
        return first.tolist(), second.tolist()

    truth = value(agreement(columns(*draw(5000), per_document=4)), "kappa")
    found = [agreement(columns(*draw(60), per_document=4), seed=seed).kappa for seed in range(80)]
    covered = sum(each is not None and each.low <= truth <= each.high for each in found)
    assert 69 <= covered <= 80  # binomial(80, 0.95): 76 +- 2


def test_the_labels_still_needed_bring_the_interval_to_the_wanted_width() -> None:
    rng = np.random.default_rng(5)
    first = rng.integers(0, 2, 4000)
    second = np.where(rng.random(4000) < 0.85, first, 1 - first)
    small = agreement(columns(first[:200].tolist(), second[:200].tolist()), wanted=0.05).kappa
    assert small is not None
    total = 200 + (small.needed or 0)
    then = agreement(columns(first[:total].tolist(), second[:total].tolist()), wanted=0.05).kappa
    assert then is not None
    assert (then.high - then.low) / 2 == pytest.approx(0.05, rel=0.2)
    assert (agreement(columns(first.tolist(), second.tolist()), wanted=0.5).kappa or small).needed == 0


def test_one_document_says_nothing_of_its_spread() -> None:
    found = agreement(columns([0, 1, 0, 1], [0, 1, 1, 1], per_document=4))
    assert found.kappa is not None
    assert (found.kappa.low, found.kappa.high) == (-1.0, 1.0)


@given(pairs=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=30))
@settings(max_examples=60, deadline=None)
def test_swapping_raters_changes_no_statistic_and_all_stay_in_range(pairs: list[tuple[int, int]]) -> None:
    one = agreement(columns(*zip(*pairs, strict=True), categories="012"))
    other = agreement(columns(*[list(side) for side in zip(*pairs, strict=True)][::-1], categories="012"))
    for name in ("raw", "kappa", "ac1", "alpha"):
        a, b = getattr(one, name), getattr(other, name)
        assert (a is None) == (b is None)
        if a is not None:
            assert a.value == pytest.approx(b.value)
            assert -1 <= a.value <= 1 + 1e-9
            assert a.low <= a.high
    assert sum(share.value for share in one.prevalence.values()) == pytest.approx(1)


def test_agreement_without_any_exception_is_not_called_certain() -> None:
    found = agreement(columns([0, 1, 1] * 4, [0, 1, 1] * 4), wanted=0.05)
    assert found.raw is not None
    assert (found.raw.value, found.raw.high) == (1, 1)
    assert found.raw.low == pytest.approx(12 / (12 + 1.959964**2))  # Wilson at 12 of 12
    assert found.raw.needed == 35 - 12  # the interval is 0.1 wide where 3.8415 / (n + 3.8415) = 0.1: n = 34.57
    alone = agreement(columns([0, 1, 1], [0, 1, 0], per_document=3)).raw
    assert alone is not None
    assert (alone.low, alone.high) == pytest.approx((0.0942, 0.9747), abs=0.0001)  # Wilson at 2/3 of one
    assert alone.needed is None
