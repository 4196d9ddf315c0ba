"""The charts of Calibrate as plain dict figures: the cumulative distribution by level, and the dose-response.

Nothing from a build but numbers goes into a figure.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pages.shared.palette import LABEL_COLORS, level_color
from queries.calibration import Measure
from queries.dose import Line
from queries.schema import Label, Thresholds
from queries.statistics import Interval

Figure = dict[str, Any]

MEASURE_COLORS = {
    Measure.HARD: LABEL_COLORS[Label.HARD],
    Measure.EASY: LABEL_COLORS[Label.EASY],
    Measure.MEAN: LABEL_COLORS[Label.MIDDLE],
}
_GREY = "rgba(128, 134, 144, {})"  # reads on both backgrounds
_DASHES = ("solid", "dot", "dash", "solid")  # by the distance from 0
_WIDTHS = {-1: 1.25, 0: 2.0, 1: 2.75}  # by the side of 0, so that levels are told apart without their colors too
LEFT = 38  # pixels for "100%", however narrow the chart


def signed(level: float) -> str:
    """Return a level as the screen writes it: −2, 0, +1; fractions with one decimal."""
    level = round(level, 1)
    return f"{level:+g}".replace("-", "−") if level else "0"


def ladders(steps: Mapping[int, Sequence[tuple[int, float]]], *, thresholds: Thresholds, height: int) -> Figure:
    """Return the share of probes with at most each max score, one line a level, with the two cuts."""
    return {
        "data": [_ladder(level, rungs) for level, rungs in steps.items()],
        "layout": _layout(height)
        | {
            "xaxis": _axis([-0.005, 1.005]) | {"tickvals": [0, 0.2, 0.4, 0.6, 0.8, 1], "tickformat": ".1f"},
            "yaxis": _shares([0, 101]),
            "shapes": [_line(x=cut / 100) for cut in thresholds],
            "legend": {"x": 1, "xanchor": "left", "y": 1, "traceorder": "normal"},
        },
    }


def _ladder(level: int, rungs: Sequence[tuple[int, float]]) -> Figure:
    dash = _DASHES[min(abs(level), 3)]
    scores, shares = [0.0, *(score / 100 for score, _ in rungs), 1.0], [0.0, *(share for _, share in rungs), 1.0]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": signed(level),
        "x": scores,
        "y": [100 * share for share in shares],
        "line": {
            "shape": "hv",
            "color": level_color(level),
            "dash": dash,
            "width": _WIDTHS[(level > 0) - (level < 0)],
        },
        "hovertemplate": f"level {signed(level)}<br>%{{y:.0f}}% score at most %{{x:.2f}}<extra></extra>",
    }


def dose(
    points: Mapping[int, Interval],
    *,
    measure: Measure,
    line: Line | None,
    steps: Mapping[int, float],
    target: float,
    reach: Interval | None,
) -> Figure:
    """Return the measure by level: points with intervals, straight line with its band, isotonic fit, and the target.

    `reach` are the levels at which the line may reach the target; what lies outside the axis is cut off.
    """
    levels, scale = list(points), _scale(measure)
    low, high = min(levels) - 0.5, max(levels) + 0.5
    color = MEASURE_COLORS[measure]
    shapes = [_line(y=scale * target)]
    if reach and reach.low < high and reach.high > low:
        shapes.append(_band(max(reach.low, low), min(reach.high, high)))
    traces = [] if line is None else _straight(line, levels, color, scale=scale)
    traces += [_isotonic(steps, scale=scale)] if steps else []
    top = max(1.08 * max(target, *(point.high for point in points.values())), 0.1)
    return {
        "data": [*traces, _points(points, color, scale=scale)],
        "layout": _layout(330)
        | {
            "xaxis": _axis([low, high])
            | {
                "tickvals": levels,
                "ticktext": [signed(level) for level in levels],
                "title": {"text": "Calibration level"},
            },
            "yaxis": _shares([0, scale * min(top, 1.02)]) | ({"ticksuffix": ""} if measure is Measure.MEAN else {}),
            "shapes": shapes,
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "reversed"},
            "margin": {"l": LEFT, "r": 8, "t": 30, "b": 40, "pad": 0},
        },
    }


def _scale(measure: Measure) -> int:
    """What 1 is drawn as: shares as percentages, a mean as a score."""
    return 1 if measure is Measure.MEAN else 100


def _points(points: Mapping[int, Interval], color: str, *, scale: int) -> Figure:
    values = [scale * point.value for point in points.values()]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "levels, 95% intervals",
        "x": list(points),
        "y": values,
        "cliponaxis": False,  # a share of 0 lies on the axis
        "marker": {"color": color, "size": 10},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [scale * point.high - value for point, value in zip(points.values(), values, strict=True)],
            "arrayminus": [value - scale * point.low for point, value in zip(points.values(), values, strict=True)],
            "thickness": 1.5,
            "color": color,
        },
        "hovertext": [f"level {signed(level)}<br>{_told(point, scale)}" for level, point in points.items()],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _told(point: Interval, scale: int) -> str:
    if scale == 1:
        return f"{point.value:.3f}, {point.low:.3f} to {point.high:.3f}"
    return f"{point.value:.1%}, {100 * point.low:.1f} to {100 * point.high:.1f}"


def _straight(line: Line, levels: Sequence[int], color: str, *, scale: int) -> list[Figure]:
    places = [min(levels) + step * (max(levels) - min(levels)) / 24 for step in range(25)]
    found = [line.at(place) for place in places]
    edge = [at.high for at in found] + [at.low for at in reversed(found)]
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": places + places[::-1],
            "y": [scale * max(0.0, min(value, 1.0)) for value in edge],
            "fill": "toself",
            "fillcolor": _GREY.format(0.16),
            "line": {"width": 0},
            "hoverinfo": "skip",
            "showlegend": False,
        },
        {
            "type": "scatter",
            "mode": "lines",
            "name": "straight line, 95% band",
            "x": places,
            "y": [scale * at.value for at in found],
            "line": {"color": color, "width": 2},
            "hoverinfo": "skip",
        },
    ]


def _isotonic(steps: Mapping[int, float], *, scale: int) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "never turning back (isotonic)",
        "x": list(steps),
        "y": [scale * value for value in steps.values()],
        "line": {"color": _GREY.format(0.95), "width": 1.5, "dash": "dot"},
        "hoverinfo": "skip",
    }


def _layout(height: int) -> Figure:
    return {
        "height": height,
        "margin": {"l": LEFT, "r": 8, "t": 8, "b": 24, "pad": 0},
        "paper_bgcolor": "rgba(0, 0, 0, 0)",
        "plot_bgcolor": "rgba(0, 0, 0, 0)",
        "hovermode": "closest",
        "dragmode": False,
    }


def _axis(span: list[float]) -> Figure:
    return {
        "range": span,
        "fixedrange": True,
        "showgrid": False,
        "zeroline": False,
    }


def _shares(span: list[float]) -> Figure:
    return {
        "range": span,
        "ticksuffix": "%",
        "nticks": 6,
        "fixedrange": True,
        "zeroline": False,
        "gridcolor": _GREY.format(0.18),
        "automargin": False,
    }


def _line(*, x: float | None = None, y: float | None = None) -> Figure:
    """Return a dotted line through the whole plot, upright at `x` or level at `y`."""
    style = {"color": _GREY.format(0.9), "width": 1.5, "dash": "dot"}
    if x is not None:
        return {"type": "line", "line": style, "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper"}
    dashed = {**style, "dash": "dash"}
    return {"type": "line", "line": dashed, "x0": 0, "x1": 1, "xref": "x domain", "y0": y, "y1": y}


def _band(low: float, high: float) -> Figure:
    return {
        "type": "rect",
        "x0": low,
        "x1": high,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "fillcolor": _GREY.format(0.1),
        "line": {"color": _GREY.format(0.35), "width": 1},
    }
