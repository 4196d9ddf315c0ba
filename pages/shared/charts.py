"""The charts as plain dict figures: 1 ms each, where plotly's own builders take 30 ms.

Nothing from a build but numbers goes into a figure. Heights are shares of the scored probes of each chart, so that
shapes of different size can be compared; counts are in the hover text.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pages.shared.palette import LABEL_COLORS
from queries.schema import Label, Thresholds
from queries.statistics import Bar, Interval

Figure = dict[str, Any]

PLOT_FROM, PLOT_TO = 0.06, 0.955  # the plot within the width: room for the axis on either side
COLUMNS = (PLOT_FROM, PLOT_TO - PLOT_FROM, 1 - PLOT_TO)  # the same as columns of the page
_MARGIN = {"l": 0, "r": 0, "t": 22, "b": 24, "pad": 0}
_GREY = "rgba(128, 134, 144, {})"  # reads on both backgrounds


def histogram(
    bars: Sequence[Bar],
    *,
    starts: tuple[int, ...],
    thresholds: Thresholds,
    ghost: Sequence[Bar] = (),
    dragmode: str,
    peak: float,
    height: int,
) -> Figure:
    """Return the histogram of `bars`, whose bins begin at `starts`, over the same bins of `ghost`.

    `customdata` of a bar is its lowest and highest score in hundredths. `dragmode` "pan" lets a click pick a bar,
    "select" a drag pick a range; plotly offers one of the two at a time. `peak` is the share that the axis must hold,
    the same for charts that are compared.
    """
    extents = _extents(starts)
    total = sum(bar.probes for bar in bars)
    traces = [_ghost(ghost, extents)] if ghost else []
    traces += [_bars(bars, label, extents, total) for label in Label if any(bar.label == label for bar in bars)]
    return {
        "data": traces,
        "layout": {
            "height": height,
            "margin": _MARGIN,
            "barmode": "overlay",
            "showlegend": False,
            "hovermode": "closest",
            "dragmode": dragmode,
            "selectdirection": "h",
            "paper_bgcolor": "rgba(0, 0, 0, 0)",
            "plot_bgcolor": "rgba(0, 0, 0, 0)",
            "xaxis": _score_axis(),
            "yaxis": _share_axis(peak),
            "shapes": [_cut(cut) for cut in _cuts(thresholds, starts)],
            "annotations": [
                *_zones(thresholds),
                *(_totals(bars, extents) if len(starts) <= 5 else ()),
            ],
        },
    }


def _extents(starts: tuple[int, ...]) -> list[tuple[float, float]]:
    """Where each bin is drawn, in hundredths: a bin of one value is centred on it, a wider one runs to the next."""
    if len(starts) == 101:
        return [(value - 0.5, value + 0.5) for value in starts]
    return list(zip(starts, [*starts[1:], 100], strict=True))


def _bars(bars: Sequence[Bar], label: Label, extents: list[tuple[float, float]], total: int) -> Figure:
    mine = [bar for bar in bars if bar.label == label]
    below = _below(bars)
    spans = [extents[bar.bin] for bar in mine]
    return {
        "type": "bar",
        "x": [(left + right) / 200 for left, right in spans],
        "width": [(right - left) / 100 * 0.86 for left, right in spans],
        "base": [100 * below[bar] / total for bar in mine],
        "y": [100 * bar.probes / total for bar in mine],
        "customdata": [[bar.low, bar.high] for bar in mine],
        "hovertext": [_hover(bar, total) for bar in mine],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "marker": {"color": LABEL_COLORS[label], "line": {"width": 0}},
        "selected": {"marker": {"opacity": 1}},
        "unselected": {"marker": {"opacity": 0.35}},
    }


def _below(bars: Iterable[Bar]) -> dict[Bar, int]:
    """Return how many probes of its bin each bar stands on; bars of a bin come in the order of their scores."""
    filled, below = Counter[int](), {}
    for bar in bars:
        below[bar] = filled[bar.bin]
        filled[bar.bin] += bar.probes
    return below


def _hover(bar: Bar, total: int) -> str:
    return f"{scores(bar.low, bar.high)} · {bar.label}<br>{bar.probes:,} probes · {bar.probes / total:.1%}"


def _ghost(bars: Sequence[Bar], extents: list[tuple[float, float]]) -> Figure:
    heights = _by_bin(bars)
    unchanged = {"marker": {"opacity": 1}}
    return {
        "type": "bar",
        "x": [(left + right) / 200 for left, right in extents],
        "width": [(right - left) / 100 for left, right in extents],
        "y": [100 * heights[place] / heights.total() for place in range(len(extents))],
        "marker": {"color": _GREY.format(0.22), "line": {"width": 0}},
        "hoverinfo": "skip",
        "selected": unchanged,
        "unselected": unchanged,
    }


def _score_axis() -> Figure:
    return {
        "range": [-0.005, 1.005],
        "domain": [PLOT_FROM, PLOT_TO],
        "tickvals": [0, 0.2, 0.4, 0.6, 0.8, 1],
        "tickformat": ".1f",
        "fixedrange": True,
        "showgrid": False,
        "zeroline": False,
    }


def _share_axis(peak: float) -> Figure:
    return {
        "range": [0, 100 * peak * 1.12],  # room for the count over the highest bar
        "ticksuffix": "%",
        "nticks": 4,
        "fixedrange": True,
        "zeroline": False,
        "gridcolor": _GREY.format(0.18),
        "automargin": False,
    }


def _cuts(thresholds: Thresholds, starts: tuple[int, ...]) -> list[float]:
    """Where the cuts are drawn: between two values of the lattice, on the edge of a wider bin."""
    shift = 0.5 if len(starts) == 101 else 0
    return [(cut - shift) / 100 for cut in thresholds]


def _cut(at: float) -> Figure:
    line = {"color": _GREY.format(0.9), "width": 1.5, "dash": "dot"}
    return {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper", "line": line}


def _zones(thresholds: Thresholds) -> Iterable[Figure]:
    """The three labels over the part of the axis they cover; none where it is too narrow for the word."""
    low, high = thresholds
    for label, left, right in ((Label.HARD, 0, low), (Label.MIDDLE, low, high), (Label.EASY, high, 100)):
        if right - left >= 10:
            yield {
                "x": (left + right) / 200,
                "y": 1,
                "yref": "paper",
                "yanchor": "bottom",
                "showarrow": False,
                "text": str(label),
                "font": {"color": LABEL_COLORS[label], "size": 12},
            }


def _totals(bars: Sequence[Bar], extents: list[tuple[float, float]]) -> Iterable[Figure]:
    counts = _by_bin(bars)
    for place, (left, right) in enumerate(extents):
        yield {
            "x": (left + right) / 200,
            "y": 100 * counts[place] / counts.total(),
            "yanchor": "bottom",
            "showarrow": False,
            "text": f"{counts[place]:,}",
            "font": {"size": 12},
        }


def scores(low: int, high: int) -> str:
    """Return a range of scores in hundredths as words: "0.20 to 0.39", or "0.20" for one value."""
    return f"{low / 100:.2f}" if low == high else f"{low / 100:.2f} to {high / 100:.2f}"


def erosion(lines: Mapping[str, Sequence[Interval]]) -> Figure:
    """Return the share of HARD by number of answers, one line with intervals a scope (no foreign words)."""
    answers = list(range(1, max(map(len, lines.values())) + 1))
    styles = zip(
        lines.items(), ("solid", "dash", "dot"), ("circle", "square", "diamond"), (-0.04, 0, 0.04), strict=False
    )
    return {
        "data": [_erosion(*line, dash, symbol, shift) for line, dash, symbol, shift in styles],
        "layout": {
            "height": 260,
            "margin": {**_MARGIN, "b": 40},
            "paper_bgcolor": "rgba(0, 0, 0, 0)",
            "plot_bgcolor": "rgba(0, 0, 0, 0)",
            "hovermode": "closest",
            "dragmode": False,
            "legend": {"x": 1, "xanchor": "right", "y": 1, "orientation": "v"},
            "xaxis": {
                "domain": [PLOT_FROM, PLOT_TO],
                "range": [0.8, answers[-1] + 0.2],
                "tickvals": answers,
                "title": {"text": "Answers per probe"},
                "fixedrange": True,
                "showgrid": False,
                "zeroline": False,
            },
            "yaxis": _share_axis(max(interval.high for line in lines.values() for interval in line)),
        },
    }


def _erosion(scope: str, intervals: Sequence[Interval], dash: str, symbol: str, shift: float) -> Figure:
    shares = [100 * interval.value for interval in intervals]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": scope,
        "x": [number + shift for number in range(1, len(shares) + 1)],
        "y": shares,
        "line": {"color": LABEL_COLORS[Label.HARD], "dash": dash, "width": 2},
        "marker": {"symbol": symbol, "size": 8},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [100 * interval.high - share for interval, share in zip(intervals, shares, strict=True)],
            "arrayminus": [share - 100 * interval.low for interval, share in zip(intervals, shares, strict=True)],
            "thickness": 1.2,
        },
        "hovertext": [
            f"{scope}, {number} of {len(shares)} answers<br>HARD {interval.value:.1%}, "
            f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"
            for number, interval in enumerate(intervals, 1)
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def peak(distributions: Iterable[Sequence[Bar]]) -> float:
    """Return the largest share that a bin has of its own distribution."""
    return max((max(_by_bin(bars).values()) / _by_bin(bars).total() for bars in distributions if bars), default=0)


def _by_bin(bars: Iterable[Bar]) -> Counter[int]:
    counts = Counter[int]()
    for bar in bars:
        counts[bar.bin] += bar.probes
    return counts


def height(charts: int) -> int:
    """Return the height of each of `charts` charts that stand above each other, in pixels."""
    return {1: 330, 2: 200}.get(charts, 150)


def words(bars: Iterable[Bar]) -> str:
    """Return what a histogram shows in one sentence, for those who cannot see it."""
    counts = Counter[str]()
    for bar in bars:
        counts[bar.label] += bar.probes
    shares = ", ".join(f"{label} {probes / counts.total():.1%}" for label, probes in counts.items())
    return f"Histogram of the max score of {counts.total():,} probes: {shares}"


def picked(points: Iterable[dict[str, Any]]) -> tuple[int, int] | None:
    """Return the lowest and highest score, in hundredths, of the bars selected in a chart; None where none is."""
    spans = [point["customdata"] for point in points if point.get("customdata")]
    if not spans:
        return None
    return min(low for low, _ in spans), max(high for _, high in spans)
