"""Zoho's arithmetic for one sales document, as far as it is established; pure, Decimal only, half-up.

The line amount is rounded before tax. Tax is taken once per tax on the sum of its lines (`entity_level`), or per
line (`item_level`). Members of a tax group are computed and rounded one by one; a compound member's base includes
the other members' tax. Not established, and decided here: a discount on the whole document is spread over the lines in
proportion, cents that are left over going to the largest remainders; after tax, its base includes shipping; taxed
shipping counts as one more line; a compound member stands on rounded tax only at item level.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
HUNDRED = Decimal(100)


@dataclass(frozen=True)
class Tax:
    tax_id: str
    name: str
    percentage: Decimal
    compound: bool = False


@dataclass(frozen=True)
class Line:
    """quantity × rate, less `discount` (an amount, or text such as "10%"), taxed by the members of one tax."""

    quantity: Decimal
    rate: Decimal
    discount: Decimal | str = ZERO
    taxes: tuple[Tax, ...] = ()


@dataclass(frozen=True)
class Terms:
    """What holds for the whole document. `discount` as on a line; `increment` 0 means the total isn't rounded."""

    precision: int = 2
    inclusive: bool = False
    discount: Decimal | str = ZERO
    discount_before_tax: bool = True
    shipping: Decimal = ZERO
    shipping_taxes: tuple[Tax, ...] = ()
    adjustment: Decimal = ZERO
    item_level: bool = False
    increment: Decimal = ZERO


@dataclass(frozen=True)
class LineTotals:
    amount: Decimal  # quantity × rate, rounded
    discount: Decimal  # the line's own
    net: Decimal  # after its own discount; includes tax when prices do
    taxable: Decimal  # after its share of the document's discount
    taxes: tuple[tuple[Tax, Decimal], ...]  # rounded for this line alone
    item_total: Decimal  # without tax


@dataclass(frozen=True)
class Totals:
    lines: tuple[LineTotals, ...]
    sub_total: Decimal
    discount: Decimal
    taxes: tuple[tuple[Tax, Decimal], ...]
    shipping: Decimal  # without tax
    shipping_tax: Decimal
    tax_total: Decimal
    roundoff: Decimal
    total: Decimal
    taxable: Decimal


def compute(lines: Iterable[Line], terms: Terms) -> Totals:
    priced = [_price(line, terms) for line in lines]
    given = list(lines)
    document_discount = _document_discount(priced, given, terms)
    before_tax = document_discount if terms.discount_before_tax else ZERO
    shared = _share(before_tax, [line.net for line in priced], given, terms.precision)
    finished = [_tax_line(line, cut, source.taxes, terms)
                for line, cut, source in zip(priced, shared, given, strict=True)]  # fmt: skip
    return _add_up(finished, given, document_discount, terms)


def rounded(value: Decimal, precision: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-precision), rounding=ROUND_HALF_UP)


def reduction(discount: Decimal | str, base: Decimal, precision: int) -> Decimal:
    """The amount that a discount, written as a number or as a percentage, takes from `base`."""
    if isinstance(discount, str) and discount.endswith("%"):
        return rounded(base * Decimal(discount[:-1].strip()) / HUNDRED, precision)
    return rounded(Decimal(discount), precision)


def tax_on(base: Decimal, taxes: tuple[Tax, ...], terms: Terms) -> tuple[tuple[Tax, Decimal], ...]:
    """The rounded tax of each member on one base, which contains the tax when prices do."""
    amounts = dict(_exact(base, taxes, terms))
    if terms.item_level and not terms.inclusive:
        raised = base + sum((rounded(amounts[tax], terms.precision) for tax in taxes if not tax.compound), ZERO)
        amounts |= {tax: raised * tax.percentage / HUNDRED for tax in taxes if tax.compound}
    return tuple((tax, rounded(amounts[tax], terms.precision)) for tax in taxes)


def _exact(base: Decimal, taxes: tuple[Tax, ...], terms: Terms) -> tuple[tuple[Tax, Decimal], ...]:
    net = base / _factor(taxes) if terms.inclusive else base
    raised = net + sum((net * tax.percentage / HUNDRED for tax in taxes if not tax.compound), ZERO)
    return tuple((tax, (raised if tax.compound else net) * tax.percentage / HUNDRED) for tax in taxes)


def _price(line: Line, terms: Terms) -> LineTotals:
    amount = rounded(line.quantity * line.rate, terms.precision)
    discount = reduction(line.discount, amount, terms.precision)
    net = amount - discount
    return LineTotals(amount, discount, net, net, (), net)


def _document_discount(priced: list[LineTotals], given: list[Line], terms: Terms) -> Decimal:
    base = sum((line.net for line in priced), ZERO)
    if not terms.discount_before_tax:
        base += terms.shipping
        if not terms.inclusive:
            base += sum((amount for _, amount in _taxes_of(priced, given, terms)), ZERO)
    return reduction(terms.discount, base, terms.precision)


def _share(discount: Decimal, nets: list[Decimal], given: list[Line], precision: int) -> list[Decimal]:
    """Whole cents each, and the cents left over to whoever lost most; a tie goes by the taxes, then by the line."""
    whole, cent = sum(nets, ZERO), Decimal(1).scaleb(-precision)
    if not discount or not whole:
        return [ZERO for _ in nets]
    cut = [divmod(discount * net, whole * cent) for net in nets]
    shares = [count * cent for count, _ in cut]
    losers = sorted(range(len(nets)), key=lambda at: (-cut[at][1], sorted(tax.tax_id for tax in given[at].taxes), at))
    for at in losers[: int((discount - sum(shares, ZERO)) / cent)]:
        shares[at] += cent
    return shares


def _tax_line(line: LineTotals, cut: Decimal, taxes: tuple[Tax, ...], terms: Terms) -> LineTotals:
    taxable = line.net - cut
    amounts = tax_on(taxable, taxes, terms)
    own_tax = sum((amount for _, amount in tax_on(line.net, taxes, terms)), ZERO)
    item_total = line.net - own_tax if terms.inclusive else line.net
    return replace(line, taxable=taxable, taxes=amounts, item_total=item_total)


def _taxes_of(lines: list[LineTotals], given: list[Line], terms: Terms) -> list[tuple[Tax, Decimal]]:
    """One entry per tax, in order of first appearance."""
    found: dict[Tax, Decimal] = {}
    for base, taxes in _bases(lines, given, terms):
        for tax, amount in _parts(base, taxes, terms):
            found[tax] = found.get(tax, ZERO) + amount
    return [(tax, rounded(amount, terms.precision)) for tax, amount in found.items()]


def _bases(lines: list[LineTotals], given: list[Line], terms: Terms) -> list[tuple[Decimal, tuple[Tax, ...]]]:
    """What is taxed at once: each line, or each set of taxes with the sum of its lines."""
    single = [(line.taxable, source.taxes) for line, source in zip(lines, given, strict=True)]
    single.append((terms.shipping, terms.shipping_taxes))
    if terms.item_level:
        return single
    summed: dict[tuple[Tax, ...], Decimal] = {}
    for base, taxes in single:
        summed[taxes] = summed.get(taxes, ZERO) + base
    return [(base, taxes) for taxes, base in summed.items()]


def _parts(base: Decimal, taxes: tuple[Tax, ...], terms: Terms) -> tuple[tuple[Tax, Decimal], ...]:
    """At entity level a tax that sits in two groups must be rounded once, on both together."""
    return tax_on(base, taxes, terms) if terms.item_level else _exact(base, taxes, terms)


def _factor(taxes: tuple[Tax, ...]) -> Decimal:
    simple = Decimal(1) + sum((tax.percentage for tax in taxes if not tax.compound), ZERO) / HUNDRED
    return simple * (Decimal(1) + sum((tax.percentage for tax in taxes if tax.compound), ZERO) / HUNDRED)


def _add_up(lines: list[LineTotals], given: list[Line], discount: Decimal, terms: Terms) -> Totals:
    taxes = _taxes_of(lines, given, terms)
    tax_total = sum((amount for _, amount in taxes), ZERO)
    shipping_tax = sum((amount for _, amount in tax_on(terms.shipping, terms.shipping_taxes, terms)), ZERO)
    shipping = terms.shipping - shipping_tax if terms.inclusive else terms.shipping
    nets = sum((line.net for line in lines), ZERO)
    charged = nets - discount + terms.shipping + (ZERO if terms.inclusive else tax_total)
    raw = charged + terms.adjustment
    total = _to_increment(raw, terms.increment)
    taxable = sum((line.taxable for line in lines), ZERO) - (tax_total - shipping_tax if terms.inclusive else ZERO)
    sub_total = nets - _contained_tax(lines, given, terms)
    return Totals(tuple(lines), sub_total, discount, tuple(taxes), shipping, shipping_tax,
                  tax_total, total - raw, total, taxable)  # fmt: skip


def _contained_tax(lines: list[LineTotals], given: list[Line], terms: Terms) -> Decimal:
    """The tax inside the prices, before any discount on the document; nothing when prices exclude tax."""
    if not terms.inclusive:
        return ZERO
    whole = [replace(line, taxable=line.net) for line in lines]
    taxes = _taxes_of(whole, given, replace(terms, shipping=ZERO))
    return sum((amount for _, amount in taxes), ZERO)


def _to_increment(value: Decimal, increment: Decimal) -> Decimal:
    if not increment:
        return value
    return (value / increment).quantize(Decimal(1), rounding=ROUND_HALF_UP) * increment
