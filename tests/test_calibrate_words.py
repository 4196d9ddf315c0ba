"""What Calibrate says and draws, from numbers alone: as sure as the documents are, and no surer."""

import re

import pytest

from pages.shared.calibrate.addenda_panel import difference as text_difference
from pages.shared.calibrate.level_charts import MEASURE_COLORS, dose, ladders, signed
from pages.shared.calibrate.level_words import chance, told_documents, told_neighbours, told_target, told_trend
from pages.shared.calibrate.pairs import differences
from queries.calibration import Count, Difference, Measure
from queries.dose import Line, Trend, isotonic, line
from queries.schema import Thresholds
from queries.statistics import Interval
from queries.store import Row

LEVELS = range(-3, 4)
SURE = Trend(100, Interval(0.031, 0.02, 0.042), 5.6, 0.00001)
UNSURE = Trend(8, Interval(0.014, -0.003, 0.032), 1.92, 0.0966)
STEEP = Line(100, 0.4, 0.05, 0.0001, 0.000001, 0.0)
FLAT = Line(8, 0.4, 0.001, 0.01, 0.01, 0.0)


@pytest.mark.parametrize(
    ("level", "shown"), [(-2, "−2"), (0, "0"), (3, "+3"), (-0.84, "−0.8"), (0.04, "0"), (1.5, "+1.5"), (-0.02, "0")]
)
def test_levels_are_written_with_a_sign(level: float, shown: str) -> None:
    assert signed(level) == shown


def test_a_trend_is_told_with_its_interval_and_its_chance() -> None:
    told = told_trend(SURE, Measure.HARD)
    assert told.startswith("The HARD share rises by 3.1 points a level (+2.0 to +4.2; t = 5.60 over 100 documents")
    assert "p < 0.001" in told
    assert "not tell" not in told
    assert "against" not in told


def test_a_trend_that_may_be_none_is_told_as_that() -> None:
    told = told_trend(UNSURE, Measure.HARD)
    assert "p = 0.097" in told
    assert "do not tell that from no trend" in told
    assert "no trend to test" in told_trend(None, Measure.HARD)


@pytest.mark.parametrize(
    ("measure", "slope", "against"),
    [
        (Measure.HARD, 0.03, False),
        (Measure.HARD, -0.03, True),
        (Measure.EASY, 0.03, True),
        (Measure.MEAN, -0.03, False),
    ],
)
def test_a_trend_against_the_addenda_is_named(measure: Measure, slope: float, against: bool) -> None:
    found = Trend(100, Interval(slope, slope - 0.01, slope + 0.01), 6.0, 0.0001)
    assert ("against what the addenda ask for" in told_trend(found, measure)) is against


def test_means_are_told_in_score_and_shares_in_points() -> None:
    assert "by 0.031 of the score a level (+0.020 to +0.042" in told_trend(SURE, Measure.MEAN)
    assert chance(0.0004) == "p < 0.001"
    assert chance(0.0496) == "p = 0.050"


@pytest.mark.parametrize(
    ("target", "fit", "says"),
    [
        (0.35, STEEP, "is reached at −1 (−1.4 to −0.6); of the levels that were tried, −1 is nearest"),
        (0.95, STEEP, "would be reached at +11"),
        (0.95, STEEP, "beyond the levels that were tried: an extrapolation"),
        (0.4, FLAT, "the line is not told from a flat one, so no level can be named"),
        (0.4, None, "no level can be named without two documents"),
    ],
)
def test_a_level_is_named_for_a_target_only_where_the_documents_allow(
    target: float, fit: Line | None, says: str
) -> None:
    told = told_target(target, measure=Measure.HARD, line=fit, steps={}, levels=LEVELS)
    assert says in told
    assert told.startswith(f"A HARD share of {target:.0%}")


def test_what_the_isotonic_fit_says_stands_beside_the_line() -> None:
    steps = {-1: 0.2, 0: 0.4, 1: 0.6}
    told = told_target(0.5, measure=Measure.HARD, line=STEEP, steps=steps, levels=(-1, 0, 1))
    assert "Without assuming a straight line, it is reached at +0.5." in told
    assert "no level that was tried reaches it" in told_target(
        0.7, measure=Measure.HARD, line=FLAT, steps=steps, levels=(-1, 0, 1)
    )


def test_neighbours_are_told_apart_only_after_all_were_counted() -> None:
    near = Difference(0, 1, 100, Interval(0.01, -0.05, 0.07), 0.03, 0.8, 2)
    far = Difference(1, 2, 100, Interval(0.2, 0.14, 0.26), 0.03, 0.0001, 2)
    assert told_neighbours([near, far]).startswith("Told apart: +1 and +2. 2 pairs were compared")
    assert told_neighbours([near]).startswith("No neighbouring levels can be told apart.")
    assert "same two documents" in told_neighbours([])
    assert told_documents(near, 0.05) == "345"  # t of 344: (0.843 + 2.250) * 0.03 / 0.05, squared, times 100
    assert told_documents(near._replace(error=0.0), 0.05) == "–"


def test_a_dose_response_draws_points_line_band_fit_and_target() -> None:
    sweep = {level: {f"d{doc}": Count(3 + level + doc % 2, 9) for doc in range(5)} for level in (-1, 0, 1)}
    points = {level: Interval(0.4 + level / 9, 0.3 + level / 9, 0.5 + level / 9) for level in sweep}
    fit = line(sweep)
    assert fit
    figure = dose(
        points,
        measure=Measure.HARD,
        line=fit,
        steps=isotonic(sweep, rises=True),
        target=0.4,
        reach=Interval(0, -9, 0.2),
    )
    names = [trace.get("name") for trace in figure["data"]]
    assert names == [
        None,
        "straight line, 95% band",
        "never turning back (isotonic)",
        "levels, 95% intervals",
    ]
    assert figure["data"][-1]["marker"]["color"] == MEASURE_COLORS[Measure.HARD]
    assert figure["data"][-1]["x"] == [-1, 0, 1]
    target, band = figure["layout"]["shapes"]
    assert target["y0"] == 40
    assert (band["x0"], band["x1"]) == (-1.5, 0.2)


def test_a_dose_response_of_one_level_has_no_line() -> None:
    figure = dose({0: Interval(0.4, 0.3, 0.5)}, measure=Measure.MEAN, line=None, steps={}, target=0.5, reach=None)
    assert [trace["mode"] for trace in figure["data"]] == ["markers"]
    assert len(figure["layout"]["shapes"]) == 1


def test_a_cumulative_distribution_climbs_from_0_to_100_between_the_cuts() -> None:
    figure = ladders(
        {-1: [(20, 0.5), (90, 1.0)], 1: [(0, 0.25), (100, 1.0)]}, thresholds=Thresholds(40, 80), height=200
    )
    first, second = figure["data"]
    assert first["x"] == [0.0, 0.2, 0.9, 1.0]
    assert first["y"] == [0, 50, 100, 100]
    assert (first["name"], second["name"]) == ("−1", "+1")
    assert [shape["x0"] for shape in figure["layout"]["shapes"]] == [0.4, 0.8]


def test_levels_are_told_apart_without_their_colors() -> None:
    steps = {level: [(50, 1.0)] for level in range(-3, 4)}
    lines = [trace["line"] for trace in ladders(steps, thresholds=Thresholds(40, 80), height=200)["data"]]
    assert len({(each["dash"], each["width"]) for each in lines}) == 7


def test_a_mean_is_drawn_as_a_score_and_a_share_in_percent() -> None:
    point = {0: Interval(0.4, 0.3, 0.5)}
    mean, share = (
        dose(point, measure=measure, line=None, steps={0: 0.4}, target=0.5, reach=None)
        for measure in (Measure.MEAN, Measure.HARD)
    )
    assert (mean["data"][-1]["y"], share["data"][-1]["y"]) == ([0.4], [40])
    assert (mean["layout"]["yaxis"]["ticksuffix"], share["layout"]["yaxis"]["ticksuffix"]) == ("", "%")
    assert mean["data"][-1]["hovertext"] == ["level 0<br>0.400, 0.300 to 0.500"]
    assert mean["layout"]["shapes"][0]["y0"] == 0.5


def probe(**changes: object) -> Row:
    return {"doc_idx": 0, "split": 1200, "target": "suffix", "typicality": "typical", "atom": "An atom.", **changes}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({}, []),
        ({"doc_idx": 2}, ["the sibling: 0 and 2"]),
        ({"split": 900}, ["the split: character 1,200 and 900"]),
        ({"target": "prefix", "typicality": None}, ["the target: suffix and prefix", "typicality: typical and none"]),
        ({"atom": "Another."}, ["the atom"]),
    ],
)
def test_what_differs_besides_the_addendum_is_named(changes: dict[str, object], named: list[str]) -> None:
    found = list(differences(probe(), probe(**changes)))
    assert len(found) == len(named)
    assert all(line.startswith(words) for line, words in zip(found, named, strict=True))


def test_the_difference_of_two_addenda_marks_words_and_lets_nothing_through() -> None:
    shown = text_difference("Pick atoms that share a topic with it.", "Pick atoms that share a <b>story</b> with it.")
    assert shown == "Pick atoms that share a <del>topic with it.</del> <ins>&lt;b&gt;story&lt;/b&gt; with it.</ins>"
    assert text_difference("Same here.", "Same  here.\n") == "Same here."
    assert text_difference("", "New.") == "<ins>New.</ins>"
    assert text_difference("Old.", "") == "<del>Old.</del>"
    words = text_difference("one two three four five six", "one two three four and six")
    assert re.sub("<.*?>", "", words).split() == ["one", "two", "three", "four", "five", "six", "and", "six"]
