"""The charts as figures: what is drawn where, in which color, and what a selection means."""

from typing import Any

import plotly.graph_objects
import pytest

from pages.shared import charts
from pages.shared.palette import LABEL_COLORS
from queries.schema import Label, Thresholds
from queries.statistics import CARD_BINS, LATTICE, Bar, Cell, Interval, bars

CUTS = Thresholds(hard_below=45, easy_from=80)
CELLS = [
    Cell(0, Label.HARD, 10),
    Cell(40, Label.HARD, 20),
    Cell(45, Label.MIDDLE, 30),
    Cell(80, Label.EASY, 25),
    Cell(100, Label.EASY, 15),
]


def figure(starts: tuple[int, ...] = CARD_BINS, **changes: Any) -> charts.Figure:
    given: dict[str, Any] = {"thresholds": CUTS, "dragmode": "pan", "peak": 0.5, "height": 300}
    return charts.histogram(bars(CELLS, starts=starts, thresholds=CUTS), starts=starts, **(given | changes))


def traces(drawn: charts.Figure) -> dict[str, dict[str, Any]]:
    """The bars of a figure by label; what has no data behind it is the ghost."""
    names = {color: str(label) for label, color in LABEL_COLORS.items() if label is not Label.UNSCORED}
    return {names.get(trace["marker"]["color"], "ghost"): trace for trace in drawn["data"]}


@pytest.mark.parametrize("starts", [CARD_BINS, LATTICE])
def test_plotly_accepts_the_figure_and_its_heights_are_shares_of_all_bars(starts: tuple[int, ...]) -> None:
    drawn = figure(starts, ghost=[Bar(0, 0, 0, Label.HARD, 3)])
    plotly.graph_objects.Figure(drawn)
    assert sum(sum(trace["y"]) for name, trace in traces(drawn).items() if name != "ghost") == pytest.approx(100)


def test_a_bin_that_a_threshold_cuts_is_stacked_from_its_two_sides() -> None:
    drawn = traces(figure())
    hard, middle, easy = drawn["HARD"], drawn["MIDDLE"], drawn["EASY"]
    assert hard["x"] == [0.1, 0.5]
    assert middle["x"] == [0.5]
    assert (hard["y"], hard["base"]) == ([10, 20], [0, 0])
    assert (middle["y"], middle["base"]) == ([30], [20])
    assert (easy["x"], easy["y"]) == ([0.9], [40])


def test_every_bar_says_which_scores_it_means() -> None:
    drawn = traces(figure())
    assert drawn["HARD"]["customdata"] == [[0, 19], [40, 44]]
    assert drawn["MIDDLE"]["customdata"] == [[45, 59]]
    assert drawn["MIDDLE"]["hovertext"] == ["0.45 to 0.59 · MIDDLE<br>30 probes · 30.0%"]
    assert traces(figure(LATTICE))["EASY"]["customdata"] == [[80, 80], [100, 100]]


def test_the_cuts_stand_between_two_values_of_the_lattice_and_on_the_edge_of_a_bin() -> None:
    assert [shape["x0"] for shape in figure()["layout"]["shapes"]] == [0.45, 0.8]
    assert [shape["x0"] for shape in figure(LATTICE)["layout"]["shapes"]] == pytest.approx([0.445, 0.795])


def test_the_ghost_has_its_own_shares_and_no_scores_to_open() -> None:
    ghost = traces(figure(ghost=[Bar(0, 0, 19, Label.HARD, 600), Bar(4, 80, 100, Label.EASY, 200)]))["ghost"]
    assert ghost["y"] == [75, 0, 0, 0, 25]
    assert "customdata" not in ghost


@pytest.mark.parametrize(
    ("thresholds", "words"),
    [
        (Thresholds(40, 80), ["HARD", "MIDDLE", "EASY"]),
        (Thresholds(0, 80), ["MIDDLE", "EASY"]),
        (Thresholds(40, 45), ["HARD", "EASY"]),
        (Thresholds(100, 100), ["HARD"]),
    ],
)
def test_a_label_is_written_over_its_part_of_the_axis_where_there_is_room(
    thresholds: Thresholds, words: list[str]
) -> None:
    drawn = figure(LATTICE, thresholds=thresholds)
    assert [note["text"] for note in drawn["layout"]["annotations"]] == words


def test_wide_bins_carry_their_counts() -> None:
    texts = [note["text"] for note in figure()["layout"]["annotations"]]
    assert texts[-5:] == ["10", "0", "50", "0", "40"]


def test_the_axis_holds_the_highest_bar_of_all_charts_that_are_compared() -> None:
    one = [Bar(0, 0, 19, Label.HARD, 1), Bar(4, 80, 100, Label.EASY, 3)]
    other = [Bar(2, 40, 44, Label.HARD, 50), Bar(2, 45, 59, Label.MIDDLE, 40), Bar(4, 80, 100, Label.EASY, 10)]
    assert charts.peak([one, other, []]) == 0.9
    assert figure(peak=0.9)["layout"]["yaxis"]["range"][1] > 90


@pytest.mark.parametrize(
    ("points", "span"),
    [
        ([], None),
        ([{"x": 0.1, "y": 3}], None),  # the ghost
        ([{"customdata": [20, 39]}], (20, 39)),
        ([{"customdata": [0, 0]}], (0, 0)),
        ([{"customdata": [60, 79]}, {"x": 0.5}, {"customdata": [20, 39]}], (20, 79)),
    ],
)
def test_a_selection_means_the_scores_from_its_lowest_to_its_highest_bar(
    points: list[dict[str, Any]], span: tuple[int, int] | None
) -> None:
    assert charts.picked(points) == span


def test_a_histogram_is_told_in_one_sentence() -> None:
    told = charts.words(bars(CELLS, starts=CARD_BINS, thresholds=CUTS))
    assert told == "Histogram of the max score of 100 probes: HARD 30.0%, MIDDLE 30.0%, EASY 40.0%"


@pytest.mark.parametrize(
    ("low", "high", "words"), [(20, 20, "0.20"), (20, 39, "0.20 to 0.39"), (0, 100, "0.00 to 1.00")]
)
def test_scores_as_words(low: int, high: int, words: str) -> None:
    assert charts.scores(low, high) == words


def test_the_share_of_hard_by_answers_has_a_line_and_its_intervals_for_each_scope() -> None:
    drawn = charts.erosion({"sentence": [Interval(0.5, 0.4, 0.7), Interval(0.25, 0.2, 0.3)]})
    plotly.graph_objects.Figure(drawn)
    (line,) = drawn["data"]
    assert (line["name"], line["y"]) == ("sentence", [50, 25])
    assert line["error_y"]["array"] == pytest.approx([20, 5])
    assert line["error_y"]["arrayminus"] == pytest.approx([10, 5])
    assert line["hovertext"][1] == "sentence, 2 of 2 answers<br>HARD 25.0%, 20.0 to 30.0"
    assert drawn["layout"]["yaxis"]["range"][1] > 70
