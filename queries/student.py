"""Student's t distribution, for intervals and tests over documents: with 8 of them the normal is 20% too narrow.

Closed forms for whole degrees of freedom (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3-26.7.4).
"""

from functools import cache
from math import atan, cos, inf, pi, sin, sqrt
from statistics import NormalDist

MANY = 1000  # degrees of freedom


def inside(t: float, freedom: int) -> float:
    """Return the chance, in 0-1, that |T| is at most `t` >= 0 with `freedom` >= 1 degrees of freedom."""
    angle = atan(t / sqrt(freedom))
    if freedom == 1:
        return 2 * angle / pi
    odd = freedom % 2
    term = total = cos(angle) if odd else 1.0
    for step in range(2 + odd, freedom, 2):
        term *= (step - 1) / step * cos(angle) ** 2
        total += term
    return 2 / pi * (angle + sin(angle) * total) if odd else sin(angle) * total


def two_sided(t: float, freedom: int) -> float:
    """Return the p-value of a two-sided t test, in 0-1; below 1e-12 it is rounding."""
    return max(0.0, 1 - inside(abs(t), freedom))


@cache
def quantile(freedom: int, chance: float = 0.95) -> float:
    """Return the t that `chance` of the distribution lies within, on both sides together; infinite without degrees of
    freedom. With more than 1,000, expanded about the normal (Abramowitz and Stegun, 26.7.5), right to 1e-5."""
    if freedom < 1:
        return inf
    if freedom > MANY:
        z = NormalDist().inv_cdf((1 + chance) / 2)
        return z + (z**3 + z) / (4 * freedom)
    low, high = 0.0, 1.0
    while inside(high, freedom) < chance:
        low, high = high, 2 * high
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if inside(middle, freedom) < chance else (low, middle)
    return high
