"""Crediting a document in whole or in part. What was credited before counts: no row is ever credited twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from portal.shared.money import Money
from portal.taxes.arithmetic.credited_lines import Group, Part, group_of, lines_of
from portal.taxes.arithmetic.document import WITHHOLDING, Breakdown, Impossible, Policy
from portal.taxes.arithmetic.rounding import rounded


@dataclass(frozen=True)
class _Credited:
    """What was credited in all so far: shares of each line, and the breakdown without its lines."""

    shares: tuple[Fraction, ...]
    groups: tuple[Group, ...]
    breakdown: Breakdown


def credit(
    invoice: Breakdown, policy: Policy, wanted: Sequence[Money], before: Sequence[Money] | None = None
) -> Breakdown:
    """The breakdown of a credit note over `invoice`, its amounts positive as the invoice's are.

    wanted  of each line, then each charge: how much of its printed total is credited now
    before  how much of it earlier credit notes took
    What all notes together have credited is reckoned as one share of the invoice, and earlier ones taken off: so rows
    never pass the invoice's, and the last note takes the residual. Raises Impossible.
    """
    taken = before or [Money.zero(policy.currency)] * len(invoice.lines)
    so_far = [earlier + now for earlier, now in zip(taken, wanted, strict=True)]
    for number, (part, now, all_now) in enumerate(zip(invoice.lines, wanted, so_far, strict=True)):
        whole = part.total.minor
        sign = -1 if whole < 0 else 1
        if sign * now.minor < 0 or sign * all_now.minor > sign * whole:
            raise Impossible(f"lines[{number}]", "credits more than is left of the line")
    first = 0 if before is None else 1  # of an invoice that comes to nothing, the first note takes all
    until_now, earlier = _credited(invoice, policy, so_far, 1), _credited(invoice, policy, taken, first)
    note = _less(until_now.breakdown, earlier.breakdown)
    shares = [after - before for after, before in zip(until_now.shares, earlier.shares, strict=True)]
    groups = [group.less(before) for group, before in zip(until_now.groups, earlier.groups, strict=True)]
    return replace(note, lines=lines_of(invoice, policy, wanted, shares, note, groups))


def _credited(invoice: Breakdown, policy: Policy, taken: Sequence[Money], of_nothing: int) -> _Credited:
    """The invoice's breakdown after `taken` of its lines: every row its share, none more than its whole."""
    every = sum(abs(part.total.minor) for part in invoice.lines)
    overall = Fraction(sum(abs(money.minor) for money in taken), every) if every else Fraction(of_nothing)
    shares = tuple(
        Fraction(money.minor, part.total.minor) if part.total else overall
        for part, money in zip(invoice.lines, taken, strict=True)
    )

    def share_of(minor: int) -> Money:
        return Money(rounded(overall * minor, policy.rounding_mode), policy.currency)

    groups = tuple(group_of(invoice, policy, shares, taken, those) for those in _bearing_the_same(invoice))
    currency = policy.currency
    rows = tuple(
        replace(row, amount=Money(_amount(invoice, policy, shares, groups, at), currency),
                base=Money(sum(group.bases[at] for group in groups), currency))
        for at, row in enumerate(invoice.taxes)
    )  # fmt: skip
    tax_total = Money.total((row.amount for row in rows if row.is_charged), currency)
    adjustment, rounding = share_of(invoice.adjustment.minor), share_of(invoice.rounding_adjustment.minor)
    after = share_of(sum(part.net.minor for part in invoice.lines) - invoice.subtotal.minor)
    before_tax = Money(sum(group.discount for group in groups), currency)
    subtotal = Money(sum(group.net for group in groups), currency) - after
    total = subtotal + tax_total + adjustment + rounding
    withholding = Money.total((row.amount for row in rows if row.kind == WITHHOLDING), currency)
    lines = len(invoice.line_totals)
    return _Credited(shares, groups, Breakdown(
        line_totals=tuple(taken[:lines]), gross_subtotal=Money.total(taken[:lines], currency),
        discount=before_tax + after, subtotal=subtotal, taxes=rows, tax_total=tax_total, withholding=withholding,
        adjustment=adjustment, rounding_adjustment=rounding, total=total, amount_due=total + withholding,
        charges=_charges(invoice, shares, policy), lines=(),
    ))  # fmt: skip


def _bearing_the_same(invoice: Breakdown) -> Iterable[tuple[int, ...]]:
    """Positions of lines and charges, those together that stand in the same rows of taxes."""
    found: dict[tuple[bool, ...], list[int]] = {}
    for position, part in enumerate(invoice.lines):
        borne = tuple(bool(base or tax) for base, tax in zip(part.bases, part.taxes, strict=True))
        found.setdefault(borne, []).append(position)
    return map(tuple, found.values())


def _amount(
    invoice: Breakdown, policy: Policy, shares: Sequence[Fraction], groups: Sequence[Group], at: int
) -> int:  # fmt: skip
    if policy.price_includes_tax and invoice.taxes[at].is_charged:
        return sum(group.taxes[at] for group in groups)
    return rounded(sum(Part(invoice.lines, shares).taxes(at)), policy.rounding_mode)


def _charges(invoice: Breakdown, shares: Sequence[Fraction], policy: Policy) -> Money:
    lines = len(invoice.line_totals)
    exact = sum(
        (part.net.minor * share for part, share in zip(invoice.lines[lines:], shares[lines:], strict=True)), Fraction(0)
    )
    return Money(rounded(exact, policy.rounding_mode), policy.currency)


def _less(whole: Breakdown, part: Breakdown) -> Breakdown:
    """`whole` without `part`, amount by amount."""
    amounts = {
        name: getattr(whole, name) - getattr(part, name)
        for name in ("gross_subtotal", "discount", "subtotal", "tax_total", "withholding", "adjustment",
                     "rounding_adjustment", "total", "amount_due", "charges")
    }  # fmt: skip
    rows = tuple(
        replace(row, base=row.base - other.base, amount=row.amount - other.amount)
        for row, other in zip(whole.taxes, part.taxes, strict=True)
    )
    totals = tuple(one - other for one, other in zip(whole.line_totals, part.line_totals, strict=True))
    return replace(whole, **amounts, taxes=rows, line_totals=totals)
