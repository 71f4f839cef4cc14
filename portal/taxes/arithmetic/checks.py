"""What cannot be is refused by name and place; what is too fine is refused, never rounded."""

from decimal import Decimal
from fractions import Fraction

from portal.taxes.arithmetic.document import CHARGED, KINDS, Charge, Discount, Impossible, Line, LineTax, Policy
from portal.taxes.arithmetic.rounding import ROUNDING

FINEST = 6  # decimals of a quantity, a unit price and a rate
HIGHEST = Decimal(100)  # percent, as on the pages of taxes
LARGEST = Decimal(10) ** 15


def check_policy(policy: Policy) -> None:
    if policy.rounding not in ("document", "line"):
        raise Impossible("rounding", "must be document or line")
    if policy.rounding_mode not in ROUNDING:
        raise Impossible("rounding_mode", f"must be one of {', '.join(ROUNDING)}")
    if not 0 <= policy.decimals <= 3:
        raise Impossible("currency_decimals", "must be 0, 1, 2 or 3")
    if policy.round_total_to is not None:
        check_amount("round_total_to", policy.round_total_to, policy)
        if policy.round_total_to <= 0:
            raise Impossible("round_total_to", "must be more than zero")


def check_line(path: str, line: Line, policy: Policy) -> None:
    _check_number(f"{path}.quantity", line.quantity, FINEST)
    _check_number(f"{path}.unit_price", line.unit_price, FINEST)
    if line.discount_percent is not None and line.discount_amount is not None:
        raise Impossible(f"{path}.discount_amount", "a line has one discount: a percentage or an amount")
    if line.discount_percent is not None:
        check_percent(f"{path}.discount_percent", line.discount_percent)
    if line.discount_amount is not None:
        check_amount(f"{path}.discount_amount", line.discount_amount, policy)
    check_taxes(path, line.taxes)


def check_charge(path: str, charge: Charge, policy: Policy) -> None:
    check_amount(f"{path}.amount", charge.amount, policy)
    check_taxes(path, charge.taxes)


def check_discount(discount: Discount, policy: Policy) -> None:
    if discount.kind not in ("percent", "amount"):
        raise Impossible("document_discount.type", "must be percent or amount")
    if discount.applied not in ("before_tax", "after_tax"):
        raise Impossible("document_discount.applied", "must be before_tax or after_tax")
    if discount.kind == "percent":
        check_percent("document_discount.value", discount.value)
    else:
        check_amount("document_discount.value", discount.value, policy)


def check_taxes(path: str, taxes: tuple[LineTax, ...]) -> None:
    for number, tax in enumerate(taxes):
        here = f"{path}.taxes[{number}]"
        if tax.kind not in KINDS:
            raise Impossible(f"{here}.kind", f"must be one of {', '.join(KINDS)}")
        _check_number(f"{here}.rate", tax.rate, FINEST)
        if tax.rate < 0:
            raise Impossible(f"{here}.rate", "must not be less than zero")
        if tax.rate > HIGHEST and tax.kind != "fixed_per_unit":
            raise Impossible(f"{here}.rate", f"a rate in percent is {HIGHEST} at most")
        if tax.compound and tax.kind != "percent":
            raise Impossible(f"{here}.compound", "only a percentage can be compound")
        if tax.base_includes and not tax.compound and tax.kind in CHARGED:
            raise Impossible(f"{here}.base_includes", "only a compound tax stands on other taxes")
        if tax.row in [one.row for one in taxes[:number]]:
            raise Impossible(here, f"{tax.name!r} is on this twice")


def check_percent(path: str, value: Decimal) -> None:
    _check_number(path, value, FINEST)
    if not 0 <= value <= 100:
        raise Impossible(path, "must be from 0 to 100")


def check_amount(path: str, value: Decimal, policy: Policy) -> None:
    _check_number(path, value, policy.decimals)


def check_part(path: str, part: int, whole: int, what: str) -> None:
    """A part runs the same way as its whole and is no more."""
    if not (0 <= part <= whole or whole <= part <= 0):
        raise Impossible(path, f"must be between zero and {what}")


def _check_number(path: str, value: Decimal, decimals: int) -> None:
    if not value.is_finite() or abs(value) >= LARGEST:
        raise Impossible(path, "is too large, or no number")
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -decimals and (Fraction(value) * 10**decimals).denominator != 1:
        raise Impossible(path, f"has more than {decimals} decimals")
