"""Crediting a document in whole or in part. What was credited before counts: no row is ever credited twice."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from portal.shared.money import Money
from portal.taxes.arithmetic.document import CHARGED, WITHHOLDING, Breakdown, Impossible, LineParts, Policy
from portal.taxes.arithmetic.rounding import rounded, share_out


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
    return _less(_credited(invoice, policy, so_far, 1), _credited(invoice, policy, taken, first))


def _credited(invoice: Breakdown, policy: Policy, taken: Sequence[Money], of_nothing: int) -> Breakdown:
    """The invoice's breakdown after `taken` of its lines: every row its share, none more than its whole."""
    every = sum(abs(part.total.minor) for part in invoice.lines)
    overall = Fraction(sum(abs(money.minor) for money in taken), every) if every else Fraction(of_nothing)
    shares = [
        Fraction(money.minor, part.total.minor) if part.total else overall
        for part, money in zip(invoice.lines, taken, strict=True)
    ]

    def rounded_share(amount: Money, share: Fraction) -> Money:
        return Money(rounded(amount.minor * share, policy.rounding_mode), amount.currency)

    nets, discount, amounts = _rows(invoice, policy, shares, sum(money.minor for money in taken))
    whole_net = sum(part.net.minor for part in invoice.lines)
    before_tax = sum(part.discount_share.minor for part in invoice.lines)
    after = rounded(overall * (whole_net - invoice.subtotal.minor), policy.rounding_mode)
    currency = policy.currency
    rows = tuple(
        replace(row, amount=Money(amount, currency), base=_base(invoice, policy, shares, at))
        for at, (row, amount) in enumerate(zip(invoice.taxes, amounts, strict=True))
    )
    tax_total = Money.total((row.amount for row in rows if row.is_charged), currency)
    adjustment = rounded_share(invoice.adjustment, overall)
    rounding = rounded_share(invoice.rounding_adjustment, overall)
    subtotal = Money(nets - after, currency)
    total = subtotal + tax_total + adjustment + rounding
    withholding = Money.total((row.amount for row in rows if row.kind == WITHHOLDING), currency)
    lines = len(invoice.line_totals)
    return Breakdown(
        line_totals=tuple(taken[:lines]), gross_subtotal=Money.total(taken[:lines], currency),
        discount=Money(discount if before_tax else after, currency), subtotal=subtotal, taxes=rows,
        tax_total=tax_total, withholding=withholding, adjustment=adjustment, rounding_adjustment=rounding, total=total,
        amount_due=total + withholding, charges=_charges(invoice, shares, policy),
        lines=tuple(
            LineParts(money, rounded_share(part.discount_share, share), rounded_share(part.net, share),
                      tuple(rounded_share(base, share) for base in part.bases),
                      tuple(rounded_share(tax, share) for tax in part.taxes))
            for part, money, share in zip(invoice.lines, taken, shares, strict=True)
        ),
    )  # fmt: skip


def _rows(invoice: Breakdown, policy: Policy, shares: Sequence[Fraction], taken: int) -> tuple[int, int, list[int]]:
    """Net prices, discount before tax, and each row's amount, in minor units."""
    zero = Fraction(0)
    parts = list(zip(invoice.lines, shares, strict=True))
    off = sum((part.discount_share.minor * share for part, share in parts), zero)
    exact = [sum((part.taxes[at].minor * share for part, share in parts), zero) for at in range(len(invoice.taxes))]
    discount = rounded(off, policy.rounding_mode)
    amounts = [rounded(one, policy.rounding_mode) for one in exact]
    if not policy.price_includes_tax:
        return taken - discount, discount, amounts
    charged = [at for at, row in enumerate(invoice.taxes) if row.kind in CHARGED]
    net = sum((part.net.minor * share for part, share in parts), zero)
    names = ["", *(f"{invoice.taxes[at].key} {invoice.taxes[at].rate}" for at in charged)]
    shared = share_out(taken - discount, [net, *(exact[at] for at in charged)], names)
    for at, amount in zip(charged, shared[1:], strict=True):
        amounts[at] = amount
    return shared[0], discount, amounts


def _base(invoice: Breakdown, policy: Policy, shares: Sequence[Fraction], at: int) -> Money:
    exact = sum((part.bases[at].minor * share for part, share in zip(invoice.lines, shares, strict=True)), Fraction(0))
    return Money(rounded(exact, policy.rounding_mode), policy.currency)


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
    lines = tuple(
        LineParts(
            one.total - other.total, one.discount_share - other.discount_share, one.net - other.net,
            tuple(a - b for a, b in zip(one.bases, other.bases, strict=True)),
            tuple(a - b for a, b in zip(one.taxes, other.taxes, strict=True)),
        )
        for one, other in zip(whole.lines, part.lines, strict=True)
    )  # fmt: skip
    return replace(whole, **amounts, taxes=rows, line_totals=totals, lines=lines)
