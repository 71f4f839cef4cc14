"""Billing a line bit by bit: it is cut in two, and no cut makes more of it. Pure."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from portal.shared.errors import RuleBroken
from portal.shared.money import Money

_STEP = Decimal("0.001")  # quantities have three decimals
_FURTHEST = 200  # steps away from the share that was asked for


class CannotSplit(RuleBroken):
    """This share cannot be billed by itself."""


def cut(quantity: Decimal, whole: Decimal, unit_price: Decimal, percent: Decimal, currency: str) -> Decimal:
    """How much of `quantity` is billed as `percent` of `whole`, which it is all or the rest of.

    Both pieces together come to exactly what the line came to, however the firm rounds: where half cents would make
    more of it, the cut moves by a thousandth of a unit or a few. Raises CannotSplit.
    """
    wanted = (whole * percent / 100).quantize(_STEP, rounding=ROUND_HALF_UP)
    if wanted >= quantity:
        left = (quantity * 100 / whole).quantize(Decimal("0.1"))
        raise CannotSplit(f"Only {left.normalize():f} % of this line is left. Bill that as it is.", field="percent")
    for distance in range(_FURTHEST):
        for piece in (wanted - distance * _STEP, wanted + distance * _STEP):
            if 0 < piece < quantity and _is_even(quantity, piece, unit_price, currency):
                return piece
    raise CannotSplit("This share is too small to be billed by itself.", field="percent")


def share_in_words(quantity: Decimal, whole: Decimal, unit: str) -> str:
    """30 % × 10 h: papers print it in every language."""
    percent = (quantity * 100 / whole).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP).normalize()
    return f"{percent:f} % × {whole.normalize():f}{' ' + unit if unit else ''}"


def _is_even(quantity: Decimal, piece: Decimal, unit_price: Decimal, currency: str) -> bool:
    def price(of: Decimal, mode: str) -> Money:
        return Money.rounded(of * unit_price, currency, mode)

    return all(
        price(piece, mode) + price(quantity - piece, mode) == price(quantity, mode)
        for mode in (ROUND_HALF_UP, ROUND_HALF_EVEN)
    )
