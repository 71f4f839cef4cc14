"""Rounding, and sharing out whole units so that the shares add up."""

from collections.abc import Sequence
from fractions import Fraction
from math import floor
from typing import Any

# half_up is half away from zero, as Zoho rounds; up and down are away from zero and towards it.
ROUNDING = ("half_up", "half_down", "half_even", "down", "up")


def rounded(exact: Fraction | int, mode: str) -> int:
    """The whole number that `mode` makes of `exact`. The sign changes nothing but the sign."""
    whole, rest = divmod(abs(exact.numerator), exact.denominator)
    if rest and _goes_up(2 * rest, exact.denominator, whole, mode):
        whole += 1
    return whole if exact.numerator >= 0 else -whole


def _goes_up(twice_the_rest: int, unit: int, whole: int, mode: str) -> bool:
    if mode in ("up", "down"):
        return mode == "up"
    if twice_the_rest != unit:
        return twice_the_rest > unit
    return mode == "half_up" or (mode == "half_even" and whole % 2 == 1)


def share_out(total: int, exact: Sequence[Fraction | int], ties: Sequence[Any]) -> list[int]:
    """Whole shares of `total` near the exact ones: largest remainder.

    total  what the exact shares come to after rounding, up or down; whatever else it is, all share that alike
    ties   who comes first among equal remainders; never a position, or moving a line would move a cent
    """
    sign = -1 if total < 0 or (total == 0 and sum(exact) < 0) else 1
    exact = [sign * one for one in exact]
    shares = [floor(one) for one in exact]
    left = sign * total - sum(shares)
    if left and shares:
        order = sorted(range(len(shares)), key=lambda i: (shares[i] - exact[i], ties[i]))
        each, more = divmod(left, len(shares))
        for place, i in enumerate(order):
            shares[i] += each + (place < more)
    return [sign * one for one in shares]


def allocate(total: int, weights: Sequence[int], ties: Sequence[Any]) -> list[int]:
    """`total` shared out by weight; a line that runs against the others (a deduction) takes no share."""
    sign = 1 if sum(weights) >= 0 else -1
    bearing = [max(sign * weight, 0) for weight in weights]
    whole = sum(bearing)
    if not total or not whole:
        return [0] * len(bearing)
    return share_out(total, [Fraction(total * weight, whole) for weight in bearing], ties)
