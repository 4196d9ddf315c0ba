"""The statistics of a sweep against arithmetic by hand, published values, and simulated documents."""

import itertools
import random
from math import isclose, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.calibration import (
    Count,
    Difference,
    Measure,
    Sweep,
    agreements,
    clustered,
    complete,
    counts,
    difference,
    documents_for,
    holm,
    ladder,
    neighbours,
)
from queries.dose import isotonic, line, nearest, reached, trend
from queries.statistics import Interval, share_interval
from queries.student import inside, quantile, two_sided

LEVELS = (-3, -2, -1, 0, 1, 2, 3)


def sweep(*levels: tuple[int, list[tuple[int, int]]]) -> Sweep:
    """A sweep from (amount, size) by document, each level's in the same order."""
    return {level: {f"d{place}": Count(*pair) for place, pair in enumerate(found)} for level, found in levels}


# two-sided 5% points of Student's t: any table
@pytest.mark.parametrize(
    ("freedom", "point"), [(1, 12.706), (2, 4.303), (3, 3.182), (7, 2.365), (8, 2.306), (30, 2.042), (99, 1.984)]
)
def test_quantiles_are_those_of_the_tables(freedom: int, point: float) -> None:
    assert quantile(freedom) == pytest.approx(point, abs=0.0006)
    assert two_sided(point, freedom) == pytest.approx(0.05, abs=0.0001)


@given(freedom=st.integers(1, 400), t=st.floats(0, 50), more=st.floats(0.01, 5))
def test_the_chance_of_lying_inside_grows_from_0_to_1(freedom: int, t: float, more: float) -> None:
    assert -1e-12 <= inside(t, freedom) <= inside(t + more, freedom) + 1e-12 <= 1 + 2e-12


def test_one_document_leaves_everything_open() -> None:
    assert quantile(0) == float("inf")


@pytest.mark.parametrize(
    ("freedom", "within", "point"),
    [(7, 0.99, 3.4995), (7, 0.6, 0.896), (99, 0.99, 2.6264), (1000, 0.95, 1.96234), (1001, 0.95, 1.96234)],
)
def test_other_quantiles_are_those_of_the_tables_too(freedom: int, within: float, point: float) -> None:
    assert quantile(freedom, within) == pytest.approx(point, abs=0.0001)


def test_a_difference_is_paired_by_document() -> None:
    # shares by document: 0, 1/2, 1 then 1/2, 1/2, 1: differences 1/2, 0, 0; mean 1/6, sd sqrt(1/12), error sqrt(1/12/3)
    found = difference(sweep((0, [(0, 2), (1, 2), (2, 2)]), (1, [(1, 2), (1, 2), (2, 2)])), start=0, to=1)
    assert found is not None
    assert (found.documents, found.start, found.to) == (3, 0, 1)
    assert found.interval.value == pytest.approx(1 / 6)
    assert found.error == pytest.approx(1 / 6)
    assert found.interval.high == pytest.approx(1 / 6 + 4.303 / 6, abs=0.001)
    assert found.p == pytest.approx(0.4226, abs=0.0001)  # t = 1 with 2 degrees of freedom: 1 - 1/sqrt(3)
    assert not found.told_apart


def test_a_difference_of_unequal_documents_is_one_of_ratios() -> None:
    # 1/4 and 3/6; residuals (a - p m)/M by document: (1 - .25*1)/4, (0 - .25*3)/4 and (1 - .5*4)/6, (2 - .5*2)/6
    found = difference(sweep((0, [(1, 1), (0, 3)]), (1, [(1, 4), (2, 2)])), start=0, to=1)
    assert found is not None
    assert found.interval.value == pytest.approx(0.25)
    pulls = (-1 / 6 - 0.75 / 4, 1 / 6 + 0.75 / 4)
    assert found.error == pytest.approx(sqrt(2 * sum(pull**2 for pull in pulls)))


def test_only_documents_scored_at_both_levels_are_compared() -> None:
    uneven = {0: {"a": Count(1, 2), "b": Count(0, 2), "gone": Count(2, 2)}, 1: {"a": Count(2, 2), "b": Count(1, 2)}}
    found = difference(uneven, start=0, to=1)
    assert found is not None
    assert found.documents == 2
    assert found.interval.value == pytest.approx(0.5)
    assert difference({0: {"a": Count(1, 2)}, 1: {"a": Count(2, 2)}}, start=0, to=1) is None


def test_documents_that_all_agree_prove_no_difference() -> None:
    found = difference(sweep((0, [(0, 2)] * 8), (1, [(0, 2)] * 8)), start=0, to=1)
    assert found is not None
    # Wilson for 0 of 8: 0 to 3.84 / (8 + 3.84) = 0.324, on both sides
    assert found.interval == Interval(0, pytest.approx(-0.324, abs=0.001), pytest.approx(0.324, abs=0.001))
    assert (found.p, found.told_apart) == (1.0, False)
    assert documents_for(found, 0.05) is None


def test_a_mean_is_told_in_the_range_of_the_score() -> None:
    rows = [
        {"level": level, "doc_id": doc, "scored": 2, "hard": 1, "easy": 0, "total": total}
        for level, doc, total in ((0, "a", 100), (0, "b", 60), (1, "a", 120), (1, "b", 40))
    ]
    found = counts([*rows, {"level": 1, "doc_id": "c", "scored": 0, "hard": 0, "easy": 0, "total": 0}], Measure.MEAN)
    assert found == {0: {"a": Count(1, 2), "b": Count(0.6, 2)}, 1: {"a": Count(1.2, 2), "b": Count(0.4, 2)}}
    assert counts(rows, Measure.HARD)[0] == {"a": Count(1, 2), "b": Count(1, 2)}


def test_p_values_are_adjusted_for_all_of_them() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=9))
def test_adjusting_never_makes_a_p_value_smaller_nor_changes_the_order(chances: list[float]) -> None:
    adjusted = holm(chances)
    assert all(before <= after <= 1 for before, after in zip(chances, adjusted, strict=True))
    order = sorted(range(len(chances)), key=lambda each: chances[each])
    assert [adjusted[each] for each in order] == sorted(adjusted)


def test_neighbours_are_adjusted_for_each_other() -> None:
    far, near = [(0, 9), (1, 9)] * 5, [(8, 9), (9, 9)] * 4 + [(8, 9), (8, 9)]
    found = neighbours(sweep((0, far), (1, near), (2, near), (5, far)))
    assert [(pair.start, pair.to) for pair in found] == [(0, 1), (1, 2), (2, 5)]
    alone = difference(sweep((0, far), (1, near)), start=0, to=1)
    assert alone is not None
    assert found[0].p == pytest.approx(3 * alone.p)
    assert [pair.told_apart for pair in found] == [True, False, True]


def test_documents_needed_follow_from_the_spread_of_the_difference() -> None:
    found = Difference(0, 1, 100, Interval(0.03, -0.03, 0.09), 0.03, 0.3)
    assert found.smallest == pytest.approx(0.0849, abs=0.0001)  # t of 99: (1.984 + 0.845) * 0.03
    # by the normal (2.8016 * 0.03 / 0.05)^2 * 100 = 282.6; t of 284 is (1.9684 + 0.8432) / 2.8016 times that root
    assert documents_for(found, 0.05) == 285
    assert documents_for(found, -0.03) == 787
    assert documents_for(found, 0) is None
    assert documents_for(found, 0.00001) == pytest.approx(7.06e9, rel=0.001)
    # for the first of six pairs: t of 99 is 2.692 at 1 - 0.05 / 6, and 0.845
    assert found._replace(compared=6).smallest == pytest.approx(0.1061, abs=0.0001)
    # of eight documents: t of 7 is 2.365, and 0.896
    assert found._replace(documents=8).smallest == pytest.approx(3.261 * 0.03, abs=0.0001)


@pytest.mark.parametrize("documents", [8, 100])
def test_the_smallest_difference_that_shows_is_seen_four_times_out_of_five(documents: int) -> None:
    chance, rounds, seen = random.Random(28), 1500, 0
    for _ in range(rounds):
        apart = [chance.gauss(0, 1) for _ in range(documents)]
        error = 1 / sqrt(documents)
        smallest = Difference(0, 1, documents, Interval(0, 0, 0), error, 1.0).smallest
        mean = sum(apart) / documents + smallest
        own = sqrt(sum((each - mean + smallest) ** 2 for each in apart) / (documents - 1) / documents)
        seen += two_sided(mean / own, documents - 1) < 0.05
    assert seen / rounds == pytest.approx(0.8, abs=0.04)


def test_the_trend_is_the_mean_slope_of_the_documents() -> None:
    # slopes 0.5 and 0: mean 1/4, sd sqrt(1/8), error 1/4: t = 1 with one degree of freedom, p = 1/2
    found = trend(sweep((-1, [(0, 1), (1, 2)]), (0, [(1, 2), (1, 2)]), (1, [(1, 1), (1, 2)])))
    assert found is not None
    assert (found.documents, found.t) == (2, pytest.approx(1))
    assert found.interval.value == pytest.approx(0.25)
    assert found.p == pytest.approx(0.5)
    assert found.interval.high == pytest.approx(0.25 + 12.706 / 4, abs=0.001)


@pytest.mark.parametrize(
    "found",
    [
        {},
        sweep((0, [(1, 2), (0, 2)])),
        sweep((0, [(1, 2)]), (1, [(0, 2)])),
        {0: {"a": Count(1, 2)}, 1: {"b": Count(1, 2)}},
        sweep((0, [(0, 2), (0, 2)]), (1, [(1, 2), (1, 2)])),
    ],
    ids=["nothing", "one level", "one document", "no document at both", "no spread"],
)
def test_too_little_gives_no_trend(found: Sweep) -> None:
    assert trend(found) is None


def test_the_line_weighs_probes_and_its_error_documents() -> None:
    found = line(sweep((0, [(0, 1), (1, 3)]), (1, [(1, 1), (1, 3)])))
    assert found is not None
    # 1/4 at level 0 and 2/4 at level 1
    assert (found.base, found.slope, found.documents) == (pytest.approx(0.25), pytest.approx(0.25), 2)
    # residuals by document: (-1/4, 1/2) and (1/4, -1/2); each level's share moves by residual / 4
    assert found.base_variance == pytest.approx(2 * 2 * (1 / 16) ** 2)
    assert found.slope_variance == pytest.approx(2 * 2 * (3 / 16) ** 2)
    assert found.covariance == pytest.approx(-2 * 2 * (1 / 16) * (3 / 16))
    assert found.at(1).value == pytest.approx(0.5)
    assert line(sweep((0, [(0, 1), (1, 3)]))) is None


def test_of_two_levels_the_line_is_the_paired_difference() -> None:
    given = sweep((0, [(0, 2), (1, 3), (2, 2), (0, 1)]), (1, [(1, 2), (2, 2), (1, 2), (1, 3)]))
    found, apart = line(given), difference(given, start=0, to=1)
    assert found is not None
    assert apart is not None
    assert found.slope == pytest.approx(apart.interval.value)
    assert sqrt(found.slope_variance) == pytest.approx(apart.error)


def test_a_line_reaches_a_target_where_it_cannot_be_told_from_it() -> None:
    found = line(sweep((-1, [(1, 9), (2, 9), (1, 9)]), (0, [(4, 9), (5, 9), (5, 9)]), (1, [(8, 9), (7, 9), (9, 9)])))
    assert found is not None
    level = found.reaching(0.5)
    assert level is not None
    assert level.value == pytest.approx((0.5 - found.base) / found.slope)
    for end in (level.low, level.high):
        at = found.at(end)
        assert isclose(at.low, 0.5) or isclose(at.high, 0.5)


def test_a_line_that_may_be_flat_reaches_nothing() -> None:
    found = line(sweep((0, [(0, 9), (9, 9), (4, 9)]), (1, [(9, 9), (1, 9), (4, 9)])))
    assert found is not None
    assert found.reaching(0.5) is None


def test_levels_out_of_order_share_their_mean() -> None:
    given = sweep((0, [(1, 10)]), (1, [(4, 10)]), (2, [(1, 5)]), (3, [(9, 10)]))
    assert isotonic(given, rises=True) == pytest.approx({0: 0.1, 1: 1 / 3, 2: 1 / 3, 3: 0.9})
    assert isotonic(given, rises=False) == pytest.approx({0: 15 / 35, 1: 15 / 35, 2: 15 / 35, 3: 15 / 35})
    assert isotonic({}, rises=True) == {}


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(9, 12)), min_size=1, max_size=7))
def test_an_isotonic_fit_never_turns_back_and_keeps_the_mean(pairs: list[tuple[int, int]]) -> None:
    fitted = list(isotonic(sweep(*((level, [pair]) for level, pair in enumerate(pairs))), rises=True).values())
    assert all(low <= high + 1e-12 for low, high in itertools.pairwise(fitted))
    assert sum(value * size for value, (_, size) in zip(fitted, pairs, strict=True)) == pytest.approx(
        sum(amount for amount, _ in pairs)
    )


@pytest.mark.parametrize(
    ("target", "level"), [(0.1, -1), (0.2, -0.5), (0.3, 0), (0.6, 1), (0.05, None), (0.95, None), (0.9, 2)]
)
def test_the_level_that_a_fit_reaches_lies_on_its_straight_pieces(target: float, level: float | None) -> None:
    assert reached({-1: 0.1, 0: 0.3, 2: 0.9}, target) == pytest.approx(level)


@pytest.mark.parametrize(("level", "tried"), [(-1.4, -1), (2.49, 2), (3.4, 3), (3.6, None), (-9.0, None)])
def test_the_nearest_level_is_one_that_was_tried(level: float, tried: int | None) -> None:
    assert nearest(level, range(-3, 4)) == tried
    assert nearest(level, []) is None


def test_the_ladder_climbs_to_1_by_the_share_of_each_score() -> None:
    assert ladder({70: 1, 10: 2, 100: 1}) == [(10, 0.5), (70, 0.75), (100, 1.0)]
    assert ladder({}) == []


def test_what_neighbouring_levels_chose_alike_is_counted_by_document() -> None:
    def row(level: int, doc: str, key: str, splits: list[int], targets: str) -> dict[str, object]:
        return {"level": level, "doc_id": doc, "doc_key": key, "splits": splits, "targets": targets}

    rows = [
        row(0, "a", "a0", [1, 2], "ps"),
        row(0, "b", "b0", [5, 6], "ps"),
        row(2, "a", "a0", [1, 2], "sp"),
        row(2, "b", "b1", [5, 6], "ps"),  # the same offsets in another text are other splits
        row(2, "c", "c0", [7, 8], "ps"),
        row(3, "c", "c0", [7, 9], "ps"),
    ]
    assert agreements(rows) == {
        (0, 2): {"documents": 2, "sibling": 1, "splits": 1, "targets": 1},
        (2, 3): {"documents": 1, "sibling": 1, "splits": 0, "targets": 1},
    }


def test_complete_documents_are_those_of_every_level() -> None:
    given = {0: {"b": Count(1, 2), "a": Count(0, 1)}, 1: {"a": Count(1, 1)}}
    assert complete(given) == {0: {"a": Count(0, 1)}, 1: {"a": Count(1, 1)}}


def simulated(chance: random.Random, *, documents: int, rise: float, spread: float) -> Sweep:
    """Documents of six probes a level; each has its own hardness, and its own at each level, around a straight line."""
    found: dict[int, dict[str, Count]] = {level: {} for level in LEVELS}
    for number in range(documents):
        own = chance.gauss(0, spread)
        for level in LEVELS:
            share = min(max(0.4 + rise * level + own + chance.gauss(0, spread / 2), 0), 1)
            found[level][f"d{number}"] = Count(sum(chance.random() < share for _ in range(6)), 6)
    return found


@pytest.mark.parametrize(("documents", "spread"), [(100, 0.12), (40, 0.12), (100, 0.02)])
def test_intervals_hold_the_truth_19_times_out_of_20(documents: int, spread: float) -> None:
    chance, rise, rounds = random.Random(2026), 0.04, 1000
    held = dict.fromkeys(("share", "difference", "trend", "slope", "level", "line"), 0)
    for _ in range(rounds):
        found = simulated(chance, documents=documents, rise=rise, spread=spread)
        apart, slope, fit = difference(found, start=0, to=1), trend(found), line(found)
        assert apart is not None
        assert slope is not None
        assert fit is not None
        rows = [{"hard": count.amount, "scored": count.size} for count in found[0].values()]
        share = share_interval(clustered(rows, amount="hard", size="scored"))
        assert share is not None
        level, at = fit.reaching(0.36), fit.at(2)
        held["share"] += share.low <= 0.4 <= share.high
        held["difference"] += apart.interval.low <= rise <= apart.interval.high
        held["trend"] += slope.interval.low <= rise <= slope.interval.high
        held["slope"] += abs(fit.slope - rise) <= quantile(documents - 1) * sqrt(fit.slope_variance)
        held["level"] += level is None or level.low <= -1 <= level.high
        held["line"] += at.low <= 0.48 <= at.high
    assert {name: count / rounds for name, count in held.items()} == {
        name: pytest.approx(0.95, abs=0.02) for name in held
    }


def test_a_trend_is_plain_where_neighbours_are_not() -> None:
    # 3 points a level over 100 documents: the research gives neighbours a power of .14 and the trend 1.0
    chance, rounds = random.Random(7), 200
    seen = {"trend": 0, "neighbours": 0}
    for _ in range(rounds):
        found = simulated(chance, documents=100, rise=0.03, spread=0.1)
        slope, apart = trend(found), difference(found, start=0, to=1)
        assert slope is not None
        assert apart is not None
        seen["trend"] += slope.p < 0.05
        seen["neighbours"] += apart.p < 0.05
    assert seen["trend"] == rounds
    assert seen["neighbours"] < rounds / 3
