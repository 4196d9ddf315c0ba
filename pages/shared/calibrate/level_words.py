"""What the statistics of a sweep come to, in sentences that say no more than the documents do."""

from collections.abc import Mapping, Sequence

from pages.shared.calibrate.level_charts import signed
from queries.calibration import Difference, Measure, documents_for
from queries.dose import Line, Trend, nearest, reached
from queries.statistics import Interval

APART = 0.05  # the difference that a reader usually wants to tell: 5 points, or 0.05 of the mean score
NAMES = {Measure.HARD: "The HARD share", Measure.EASY: "The EASY share", Measure.MEAN: "The mean max score"}


def amount(value: float, measure: Measure) -> str:
    """Return a share as a percentage, a mean as a score."""
    return f"{value:.2f}" if measure is Measure.MEAN else f"{100 * value:.0f}%"


def points(value: float, measure: Measure) -> str:
    """Return a difference with its sign, in points of a share or in score."""
    shown = f"{value:+.3f}" if measure is Measure.MEAN else f"{100 * value:+.1f}"
    return shown.replace("-", "−")


def unit(measure: Measure) -> str:
    """Return what differences are counted in."""
    return "of the score" if measure is Measure.MEAN else "points"


def span(found: Interval, measure: Measure) -> str:
    """Return the interval of a difference."""
    return f"{points(found.low, measure)} to {points(found.high, measure)}"


def chance(p: float) -> str:
    """Return a p-value."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def told_trend(found: Trend | None, measure: Measure) -> str:
    """Return what the trend over the levels is, and whether the documents tell it from none."""
    if found is None:
        return "Too few documents have scores at every level, or all of them change alike: there is no trend to test."
    moves = "rises" if found.interval.value > 0 else "falls"
    verdict = "" if found.p < 0.05 else " These documents do not tell that from no trend at all."
    against = ""
    if found.p < 0.05 and (found.interval.value > 0) is not measure.rises:
        against = " That is against what the addenda ask for: higher levels ask for harder probes."
    return (
        f"{NAMES[measure]} {moves} by {points(abs(found.interval.value), measure).lstrip('+')} {unit(measure)} a level "
        f"({span(found.interval, measure)}; t = {found.t:.2f} over {found.documents} documents that have scores at all "
        f"levels, {chance(found.p)}).{verdict}{against}"
    )


def told_target(
    target: float, *, measure: Measure, line: Line | None, steps: Mapping[int, float], levels: Sequence[int]
) -> str:
    """Return which level reaches the target, how surely, or why none can be named."""
    aim = f"{NAMES[measure]} of {amount(target, measure)}".replace("The ", "A ", 1)
    if line is None:
        return f"{aim}: no level can be named without two documents that have scores at two levels."
    reach = line.reaching(target)
    isotonic = reached(steps, target)
    beside = (
        f" Without assuming a straight line, it is reached at {signed(isotonic)}."
        if isotonic is not None
        else " Without assuming a straight line, no level that was tried reaches it."
    )
    if reach is None:
        return f"{aim}: the line is not told from a flat one, so no level can be named.{beside}"
    where = f"{signed(reach.value)} ({signed(reach.low)} to {signed(reach.high)})"
    tried = nearest(reach.value, levels)
    if tried is None:
        return f"{aim} would be reached at {where}, beyond the levels that were tried: an extrapolation.{beside}"
    return f"{aim} is reached at {where}; of the levels that were tried, {signed(tried)} is nearest.{beside}"


def told_neighbours(found: Sequence[Difference]) -> str:
    """Return which neighbours the documents tell apart, and that more than one was looked at."""
    apart = [pair for pair in found if pair.told_apart]
    if not found:
        return "No two neighbouring levels have scores for the same two documents."
    pairs = ", ".join(f"{signed(pair.start)} and {signed(pair.to)}" for pair in apart)
    told = f"Told apart: {pairs}." if apart else "No neighbouring levels can be told apart."
    return (
        f"{told} {len(found)} pairs were compared and p is adjusted for that (Holm). Looking through several measures, "
        "scopes and targets adds comparisons that no p-value here knows of: one in twenty shows a difference by chance."
    )


def told_documents(pair: Difference, apart: float) -> str:
    """Return how many documents would show a difference; a dash where these say nothing about that."""
    needed = documents_for(pair, apart)
    return "–" if needed is None else f"{needed:,}"
