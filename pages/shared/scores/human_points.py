"""Human P(HARD) as points with intervals over a histogram of max scores, against an axis of its own on the right."""

from collections.abc import Mapping

from pages.shared.charts import Figure, scores
from pages.shared.palette import HUMAN_COLOR
from queries.estimate import Estimate
from queries.statistics import CARD_BINS

STARTS = CARD_BINS  # whichever bars are chosen: a bin of one value would have a label or two
_BESIDE = 0.14  # right of the middle of a bin, where the count of its bar stands

_AXIS: Figure = {
    "overlaying": "y",
    "side": "right",
    "range": [0, 1.12],  # so that an interval up to 1 stays clear of the words above the plot
    "tickvals": [0, 0.5, 1],
    "tickfont": {"color": HUMAN_COLOR},
    "fixedrange": True,
    "showgrid": False,
    "zeroline": False,
}


def over(histogram: Figure, estimates: Mapping[int, Estimate]) -> Figure:
    """Return `histogram` with the share that persons call HARD, by number of the bin."""
    layout = {**histogram["layout"], "yaxis2": _AXIS}
    return {"data": [*histogram["data"], _points(estimates)], "layout": layout}


def span(number: int) -> tuple[int, int]:
    """Return the lowest and the highest score of a bin, in hundredths."""
    return STARTS[number], [*(start - 1 for start in STARTS[1:]), 100][number]


def words(estimates: Mapping[int, Estimate]) -> str:
    """Return the points in words, for those who cannot see them."""
    return "; ".join(_said(number, estimate) for number, estimate in estimates.items())


def _said(number: int, estimate: Estimate) -> str:
    interval = f"{estimate.value:.1%}, {100 * estimate.low:.1f} to {100 * estimate.high:.1f}"
    return f"{scores(*span(number))}: human P(HARD) {interval}, {estimate.labels:,} labels"


def _points(estimates: Mapping[int, Estimate]) -> Figure:
    unchanged = {"marker": {"opacity": 1}}
    found = list(estimates.values())
    return {
        "type": "scatter",
        "mode": "markers",
        "cliponaxis": False,  # a share of 0 stands on the axis
        "yaxis": "y2",
        "x": [STARTS[number] / 100 + _BESIDE for number in estimates],
        "y": [estimate.value for estimate in found],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [estimate.high - estimate.value for estimate in found],
            "arrayminus": [estimate.value - estimate.low for estimate in found],
            "color": HUMAN_COLOR,
            "thickness": 2,
            "width": 5,
        },
        "marker": {"symbol": "diamond", "size": 11, "color": HUMAN_COLOR, "line": {"color": "#ffffff", "width": 1.5}},
        "hovertext": [_said(number, estimate) for number, estimate in estimates.items()],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "selected": unchanged,
        "unselected": unchanged,
    }
