"""What was measured, as lines of a table: the median, the slow end, what it is compared with and its target."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil

WIDTHS = (46, 4, 9, 9, 9, 12, 9, 8)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Some measurements of one thing; `beside` are those of what it is compared with, in the same unit.

    `target` is the limit of the 95th percentile, `ratio` that of the two medians.
    """

    name: str
    values: tuple[float, ...]
    beside: tuple[float, ...] = ()
    target: float | None = None
    ratio: float | None = None

    def verdict(self) -> str:
        """Return "ok" or "over" for each limit there is, joined by a slash; "" where there is none."""
        against = []
        if self.target is not None:
            against.append(percentile(self.values, 95) <= self.target)
        if self.ratio is not None:
            against.append(self.times() <= self.ratio)
        return "/".join("ok" if held else "over" for held in against)

    def times(self) -> float:
        """Return the median as a multiple of the median it is compared with."""
        return percentile(self.values, 50) / percentile(self.beside, 50)


def percentile(values: Sequence[float], share: int) -> float:
    """Return the smallest of `values` that `share` percent of them do not exceed."""
    return sorted(values)[max(ceil(len(values) * share / 100), 1) - 1]


def lines(title: str, figures: Iterable[Figure], *, unit: str, beside: str = "") -> list[str]:
    """Return a table as lines: a title, the heads of the columns and one line a figure, all numbers in `unit`."""
    heads = ("n", "p50", "p95", "limit", f"{beside} p50" if beside else "", "p95" if beside else "", "times")
    return [
        "",
        f"{title} ({unit})",
        _line("", *(heads if beside else heads[:4])),
        *(_line(figure.name, *_cells(figure), figure.verdict()) for figure in figures),
    ]


def _cells(figure: Figure) -> list[str]:
    cells = [
        str(len(figure.values)),
        _number(percentile(figure.values, 50)),
        _number(percentile(figure.values, 95)),
        "" if figure.target is None else _number(figure.target),
    ]
    if figure.beside:
        cells += [
            _number(percentile(figure.beside, 50)),
            _number(percentile(figure.beside, 95)),
            f"{figure.times():.2f}",
        ]
    return cells


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}" if value >= 10 else f"{value:,.2f}"


def _line(name: str, *cells: str) -> str:
    numbers = "".join(f"{cell:>{width}}" for cell, width in zip(cells[:-1], WIDTHS[1:], strict=False))
    return f"{name:<{WIDTHS[0]}}{numbers}  {cells[-1]}".rstrip()
