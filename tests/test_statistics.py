"""The numbers of the score distribution against hand-made arithmetic and against simulated clusters."""

import random
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.schema import Label, Thresholds
from queries.statistics import (
    CARD_BINS,
    LATTICE,
    Bar,
    Cell,
    Sums,
    bars,
    deviation,
    effective_size,
    mean_interval,
    share_interval,
    standard_error,
    sums_of,
    ways_to_draw,
    ways_to_miss,
    wilson,
)

CARD_CUTS = Thresholds(hard_below=40, easy_from=80)


def label_of(score: int, cuts: Thresholds) -> Label:
    return Label.HARD if score < cuts.hard_below else Label.EASY if score >= cuts.easy_from else Label.MIDDLE


def cells(scores: list[int], cuts: Thresholds = CARD_CUTS) -> list[Cell]:
    return [Cell(score, label_of(score, cuts), scores.count(score)) for score in sorted(set(scores))]


def sums(documents: list[tuple[int, int]]) -> Sums:
    """The sums of documents given as (amount, size)."""
    return Sums(
        documents=len(documents),
        size=sum(m for _, m in documents),
        size_squared=sum(m * m for _, m in documents),
        amount=sum(a for a, _ in documents),
        amount_squared=sum(a * a for a, _ in documents),
        cross=sum(a * m for a, m in documents),
    )


@pytest.mark.parametrize(
    ("score", "bin_index"),
    [(0, 0), (19, 0), (20, 1), (39, 1), (40, 2), (59, 2), (60, 3), (79, 3), (80, 4), (99, 4), (100, 4)],
)
def test_a_score_on_an_edge_belongs_to_the_bin_it_opens_and_1_to_the_last(score: int, bin_index: int) -> None:
    assert [bar.bin for bar in bars(cells([score]), starts=CARD_BINS, thresholds=CARD_CUTS)] == [bin_index]


def test_the_published_bins_carry_the_labels_of_the_published_thresholds() -> None:
    found = bars(cells([0, 20, 39, 40, 60, 80, 100]), starts=CARD_BINS, thresholds=CARD_CUTS)
    assert found == [
        Bar(0, 0, 19, Label.HARD, 1),
        Bar(1, 20, 39, Label.HARD, 2),
        Bar(2, 40, 59, Label.MIDDLE, 1),
        Bar(3, 60, 79, Label.MIDDLE, 1),
        Bar(4, 80, 100, Label.EASY, 2),
    ]


def test_a_threshold_inside_a_bin_divides_it_into_one_bar_a_side() -> None:
    cuts = Thresholds(hard_below=45, easy_from=47)
    found = bars(cells([44, 44, 45, 46, 47, 59], cuts), starts=CARD_BINS, thresholds=cuts)
    assert found == [
        Bar(2, 40, 44, Label.HARD, 2),
        Bar(2, 45, 46, Label.MIDDLE, 2),
        Bar(2, 47, 59, Label.EASY, 2),
    ]


def test_the_lattice_has_one_bar_a_value() -> None:
    found = bars(cells([0, 33, 33, 99, 100]), starts=LATTICE, thresholds=CARD_CUTS)
    assert [(bar.bin, bar.low, bar.high, bar.probes) for bar in found] == [
        (0, 0, 0, 1),
        (33, 33, 33, 2),
        (99, 99, 99, 1),
        (100, 100, 100, 1),
    ]


@given(
    scores=st.lists(st.integers(0, 100), max_size=60),
    cuts=st.tuples(st.integers(0, 100), st.integers(0, 100)).map(sorted),
    starts=st.sampled_from([CARD_BINS, LATTICE]),
)
def test_bars_add_up_to_the_probes_and_each_bar_means_one_label(
    scores: list[int], cuts: list[int], starts: tuple[int, ...]
) -> None:
    thresholds = Thresholds(*cuts)
    found = bars(cells(scores, thresholds), starts=starts, thresholds=thresholds)
    assert sum(bar.probes for bar in found) == len(scores)
    for bar in found:
        assert {label_of(score, thresholds) for score in range(bar.low, bar.high + 1)} == {bar.label}
        assert bar.probes == sum(bar.low <= score <= bar.high for score in scores)


def test_the_deviation_is_that_of_the_population() -> None:
    # 0, 0.5 and 1: mean 0.5, squared distances 0.25 + 0 + 0.25, over 3 = 1/6
    assert deviation(size=3, total=150, squares=50**2 + 100**2) == pytest.approx(sqrt(1 / 6))
    assert deviation(size=2, total=120, squares=2 * 60**2) == 0
    assert deviation(size=0, total=0, squares=0) is None


def test_the_standard_error_of_a_ratio_by_hand() -> None:
    # (a, m) = (2, 2), (0, 2), (1, 4): p = 3/8; a - pm = 1.25, -0.75, -0.5; squares 1.5625 + 0.5625 + 0.25 = 2.375
    # sqrt(3/2 * 2.375) / 8
    assert standard_error(sums([(2, 2), (0, 2), (1, 4)])) == pytest.approx(sqrt(1.5 * 2.375) / 8)


def test_documents_of_one_probe_give_the_binomial_error() -> None:
    # 30 of 100: sqrt(100/99 * 100 * 0.3 * 0.7) / 100
    assert standard_error(sums([(1, 1)] * 30 + [(0, 1)] * 70)) == pytest.approx(sqrt(0.3 * 0.7 / 99))


def test_probes_that_copy_their_document_count_once() -> None:
    copied = sums([(6, 6)] * 40 + [(0, 6)] * 60)
    # SE^2 = 0.4 * 0.6 / 99, so n_eff = 99 of 600 probes
    assert effective_size(copied) == pytest.approx(99)
    found = share_interval(copied)
    assert found is not None
    assert (found.low, found.high) == pytest.approx(wilson(0.4, 99))


def test_the_effective_size_is_never_more_than_the_probes() -> None:
    # every document has the same share: no spread between them at all, or less than chance would give
    assert effective_size(sums([(1, 2)] * 50)) == 50
    assert effective_size(sums([(1, 2)] * 50 + [(2, 2)])) == 102


def test_wilson_by_hand() -> None:
    # 0 of 10: upper end z^2 / (n + z^2) with z = 1.959964, z^2 = 3.841459
    assert wilson(0.0, 10) == pytest.approx((0.0, 3.841459 / 13.841459), abs=1e-6)
    # 1/2 of 100: 0.5 -/+ z * sqrt(0.0025 + z^2 / 40000) / (1 + z^2 / 100)
    half = 1.959964 * sqrt(0.0025 + 3.841459 / 40000) / 1.03841459
    assert wilson(0.5, 100) == pytest.approx((0.5 - half, 0.5 + half), abs=1e-6)


@pytest.mark.parametrize("amount", [0, 4])
@pytest.mark.parametrize("documents", [1, 2, 29, 30, 1000])
def test_a_share_of_none_or_all_has_a_width_set_by_the_documents(amount: int, documents: int) -> None:
    found = share_interval(sums([(amount, 4)] * documents))
    assert found is not None
    assert found.value == amount / 4
    assert found.high - found.low == pytest.approx(3.841459 / (documents + 3.841459), abs=1e-6)


def test_of_few_documents_each_counts_as_one_probe() -> None:
    # hits 1 and 3 of 4 by turns: share 1/2; by the spread alone, 28 documents would tell as much as 108 probes
    few, enough = (sums([(1 + place % 2 * 2, 4) for place in range(documents)]) for documents in (28, 30))
    assert effective_size(few) == 28
    assert effective_size(enough) == pytest.approx(116)  # 1/4 over 30/29 * 30 * 1 / 120**2


def test_a_single_document_says_little() -> None:
    found = share_interval(sums([(3, 6)]))
    assert found is not None
    assert found.low < 0.1
    assert found.high > 0.9
    mean = mean_interval(sums([(300, 6)]))
    assert mean == (0.5, 0.0, 1.0)


def test_without_probes_there_is_no_share_and_no_mean() -> None:
    assert share_interval(sums([])) is None
    assert mean_interval(sums([])) is None


def test_the_interval_of_a_mean_by_hand() -> None:
    # documents with totals 1.0, 0.96, 1.04 of two scores each; mean 0.5; a - pm = 0, -0.04, 0.04
    found = mean_interval(sums([(100, 2), (96, 2), (104, 2)]))
    half = 4.302653 * sqrt(1.5 * 0.0032) / 6  # Student's t of 2 degrees of freedom
    assert found == pytest.approx((0.5, 0.5 - half, 0.5 + half), abs=1e-6)


@given(st.lists(st.integers(1, 8).flatmap(lambda m: st.tuples(st.integers(0, m), st.just(m))), min_size=1, max_size=80))
def test_an_interval_holds_its_share_and_stays_between_0_and_1(documents: list[tuple[int, int]]) -> None:
    found = share_interval(sums(documents))
    assert found is not None
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert found.high > found.low


def beta_binomial(draw: random.Random, *, share: float, likeness: float, size: int) -> int:
    """Hits among `size` probes of one document, whose hits correlate by `likeness` (the intraclass correlation)."""
    scale = (1 - likeness) / likeness
    rate = draw.betavariate(share * scale, (1 - share) * scale)
    return sum(draw.random() < rate for _ in range(size))


@pytest.mark.parametrize(("share", "documents"), [(0.418, 100), (0.169, 100), (0.418, 40)])
def test_the_clustered_interval_covers_95_percent_where_the_plain_one_does_not(share: float, documents: int) -> None:
    draw, rounds, clustered, plain = random.Random(20261120), 1500, 0, 0
    for _ in range(rounds):
        sample = sums([(beta_binomial(draw, share=share, likeness=0.29, size=6), 6) for _ in range(documents)])
        found = share_interval(sample)
        assert found is not None
        clustered += found.low <= share <= found.high
        low, high = wilson(found.value, sample.size)
        plain += low <= share <= high
    assert clustered / rounds == pytest.approx(0.95, abs=0.02)
    assert plain / rounds < 0.85


@pytest.mark.parametrize("documents", [8, 30, 100])
def test_the_interval_of_a_mean_covers_95_percent_with_few_documents_too(documents: int) -> None:
    draw, rounds, covered = random.Random(20261128), 2000, 0
    for _ in range(rounds):
        own = [draw.betavariate(3, 2) for _ in range(documents)]  # mean 0.6
        totals = [sum(round(min(max(draw.gauss(mean, 0.15), 0), 1) * 100) for _ in range(6)) for mean in own]
        found = mean_interval(sums([(total, 6) for total in totals]))
        assert found is not None
        covered += found.low <= 0.6 - 0.0016 <= found.high  # clipping at 0 and 1 takes that much off the mean
    assert covered / rounds == pytest.approx(0.95, abs=0.02)


def test_draws_of_answers_by_hand() -> None:
    # with two of five reaching, 3 of 5 single answers miss, C(3, 2) = 3 of 10 pairs, 1 of 10 triples, no four
    assert ways_to_draw(5) == (5, 10, 10, 5, 1)
    assert [misses[2] for misses in ways_to_miss(5)] == [3, 3, 1, 0, 0]
    assert [misses[0] for misses in ways_to_miss(5)] == list(ways_to_draw(5))
    assert [misses[5] for misses in ways_to_miss(5)] == [0] * 5


def test_the_share_that_misses_is_right_on_average() -> None:
    # independent answers that reach with chance 0.3: k of them all miss with chance 0.7 ** k
    draw, probes, misses, draws = random.Random(5), 20_000, ways_to_miss(5), ways_to_draw(5)
    reached = [sum(draw.random() < 0.3 for _ in range(5)) for _ in range(probes)]
    for k in range(1, 6):
        share = sum(misses[k - 1][count] for count in reached) / (probes * draws[k - 1])
        assert share == pytest.approx(0.7**k, abs=0.01)


def test_sums_are_read_by_the_names_of_the_columns() -> None:
    row = {
        "scored": 8,
        "scored_documents": 3,
        "scored_squared": 24,
        "hard": 3,
        "hard_squared": 5,
        "hard_cross": 8,
    }
    assert sums_of(row, amount="hard", size="scored") == sums([(2, 2), (0, 2), (1, 4)])


def test_probes_that_are_counted_several_times_are_no_more_probes() -> None:
    documents = [(1, 2), (2, 2)] * 50
    tenfold = sums([(10 * amount, 10 * size) for amount, size in documents])
    assert effective_size(tenfold, probes=200) == pytest.approx(effective_size(sums(documents)))
