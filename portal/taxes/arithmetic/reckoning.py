"""The steps in their order."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from portal.shared.money import Money
from portal.taxes.arithmetic import checks
from portal.taxes.arithmetic.document import (
    CHARGED,
    WITHHOLDING,
    Breakdown,
    Charge,
    Discount,
    Impossible,
    Line,
    LineParts,
    Policy,
    TaxRow,
)
from portal.taxes.arithmetic.rounding import allocate, rounded
from portal.taxes.arithmetic.rows import Bearer, Row, tax_rows


def reckon(
    lines: tuple[Line, ...], policy: Policy, *, discount: Discount | None = None, charges: tuple[Charge, ...] = (),
    adjustment: Decimal = Decimal(0), prepaid: Decimal = Decimal(0),
) -> Breakdown:  # fmt: skip
    """The breakdown of one document.

    adjustment  signed, untaxed, after tax; major units
    prepaid     what has been paid before; major units
    Raises Impossible, which names the place in the document.
    """
    checks.check_policy(policy)
    totals = [_line_total(f"lines[{number}]", line, policy) for number, line in enumerate(lines)]  # steps 1 and 2
    gross = sum(totals)  # step 3
    before, after = _split_by_time(discount, policy)
    taken = _discount_of(gross, before, policy)  # step 4
    bearers = _bearers(lines, totals, taken, policy) + _charged(charges, policy)
    rows = tax_rows(bearers, policy)  # steps 5 to 7
    nets = [bearer.net for bearer in bearers]
    tax_total = sum(row.amount for row in rows if row.tax.kind in CHARGED)
    taken_after = _discount_of(sum(nets) + tax_total, after, policy)
    subtotal = sum(nets) - taken_after
    adjusted = _minor("adjustment", adjustment, policy)
    unrounded = subtotal + tax_total + adjusted  # step 8
    total = _to_increment(unrounded, policy)  # step 9
    withheld = sum(row.amount for row in rows if row.tax.kind == WITHHOLDING)  # step 10
    paid = _minor("prepaid", prepaid, policy)
    if paid < 0 <= total:
        raise Impossible("prepaid", "must not be less than zero")

    def money(minor: int) -> Money:
        return Money(minor, policy.currency)

    return Breakdown(
        line_totals=tuple(map(money, totals)), gross_subtotal=money(gross), discount=money(taken + taken_after),
        subtotal=money(subtotal), taxes=tuple(_printed(row, policy) for row in rows), tax_total=money(tax_total),
        withholding=money(withheld), adjustment=money(adjusted), rounding_adjustment=money(total - unrounded),
        total=money(total), amount_due=money(total + withheld - paid), charges=money(sum(nets[len(lines) :])),
        lines=_parts(bearers, totals, rows, policy),
    )  # fmt: skip


def _minor(path: str, amount: Decimal, policy: Policy) -> int:
    checks.check_amount(path, amount, policy)
    return int(Fraction(amount) * 10**policy.decimals)


def _line_total(path: str, line: Line, policy: Policy) -> int:
    """Quantity × price, rounded, less the line's own discount, rounded."""
    checks.check_line(path, line, policy)
    exact = Fraction(line.quantity) * Fraction(line.unit_price) * 10**policy.decimals
    gross = rounded(exact, policy.rounding_mode)
    if line.discount_percent is not None:
        return gross - rounded(gross * Fraction(line.discount_percent) / 100, policy.rounding_mode)
    if line.discount_amount is not None:
        taken = _minor(f"{path}.discount_amount", line.discount_amount, policy)
        checks.check_part(f"{path}.discount_amount", taken, gross, "quantity × unit price")
        return gross - taken
    return gross


def _split_by_time(discount: Discount | None, policy: Policy) -> tuple[Discount | None, Discount | None]:
    if discount is None:
        return None, None
    checks.check_discount(discount, policy)
    return (discount, None) if discount.applied == "before_tax" else (None, discount)


def _discount_of(whole: int, discount: Discount | None, policy: Policy) -> int:
    if discount is None:
        return 0
    if discount.kind == "percent":
        return rounded(whole * Fraction(discount.value) / 100, policy.rounding_mode)
    taken = _minor("document_discount.value", discount.value, policy)
    checks.check_part("document_discount.value", taken, whole, "what it is taken from")
    return taken


def _bearers(lines: Sequence[Line], totals: Sequence[int], taken: int, policy: Policy) -> list[Bearer]:
    """Each line with its share of the document's discount taken off."""
    bearers = [
        Bearer(f"lines[{number}]", total, line.quantity, line.taxes, line.key)
        for number, (line, total) in enumerate(zip(lines, totals, strict=True))
    ]
    if taken:
        shares = allocate(taken, totals, [bearer.tie for bearer in bearers])
        for bearer, share in zip(bearers, shares, strict=True):
            bearer.price -= share
    return bearers


def _charged(charges: Sequence[Charge], policy: Policy) -> list[Bearer]:
    found = []
    for number, charge in enumerate(charges):
        path = f"document_charges[{number}]"
        checks.check_charge(path, charge, policy)
        found.append(Bearer(path, _minor(f"{path}.amount", charge.amount, policy), Decimal(1), charge.taxes, "charge"))
    return found


def _to_increment(total: int, policy: Policy) -> int:
    if policy.round_total_to is None:
        return total
    step = _minor("round_total_to", policy.round_total_to, policy)
    return rounded(Fraction(total, step), policy.rounding_mode) * step


def _printed(row: Row, policy: Policy) -> TaxRow:
    tax, currency = row.tax, policy.currency
    return TaxRow(tax.key, tax.name, tax.rate, tax.kind, Money(row.base, currency), Money(row.amount, currency))


def _parts(
    bearers: Sequence[Bearer], totals: Sequence[int], rows: Sequence[Row], policy: Policy
) -> tuple[LineParts, ...]:
    def money(minor: int) -> Money:
        return Money(minor, policy.currency)

    parts = []
    for number, bearer in enumerate(bearers):
        total = totals[number] if number < len(totals) else bearer.price
        bases = tuple(money(bearer.bases.get(row.tax, 0)) for row in rows)
        taxes = tuple(money(bearer.shares.get(row.tax, 0)) for row in rows)
        parts.append(LineParts(money(total), money(total - bearer.price), money(bearer.net), bases, taxes))
    return tuple(parts)
