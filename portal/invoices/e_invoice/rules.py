"""From a frozen breakdown to the figures of EN 16931: pure, and nothing is reckoned anew.

Names in brackets are the standard's business terms. Prices that include tax become net, as the standard knows no other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from portal.invoices.e_invoice.parts import CREDIT_NOTE as CREDIT_NOTE
from portal.invoices.e_invoice.parts import INVOICE as INVOICE
from portal.invoices.e_invoice.parts import Extra as Extra
from portal.invoices.e_invoice.parts import Group as Group
from portal.invoices.e_invoice.parts import Header as Header
from portal.invoices.e_invoice.parts import Item as Item
from portal.invoices.e_invoice.parts import Party as Party
from portal.invoices.e_invoice.parts import PrintedLine as PrintedLine
from portal.shared.errors import RuleBroken
from portal.shared.money import Money
from portal.taxes.arithmetic import Breakdown, TaxRow
from portal.taxes.arithmetic.rounding import share_out

EXPORTING = frozenset((
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR",
    "HU", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
))  # fmt: skip
_EUROPEAN_UNION = EXPORTING - {"GB"}
_CATEGORIES = {"percent": "S", "zero": "Z", "exempt": "E", "reverse_charge": "AE", "out_of_scope": "O"}
REASONS = {"E": "Exempt from tax", "AE": "Reverse charge", "K": "Intra-community supply", "G": "Export outside the EU",
           "O": "Not subject to VAT"}  # fmt: skip
_BARE_CHARGE = "No tax on shipping"
_ANEW = {INVOICE: "credit this invoice and bill it again", CREDIT_NOTE: "make another credit note"}
_UNTOLD = {
    "withholding": "is withheld, which nothing stands for",
    "fixed_per_unit": "is so much for each unit, which no tax is",
}


class CannotExport(RuleBroken):
    """The standard has no way to say what this invoice says."""


@dataclass(frozen=True)
class EInvoice:
    """All that UBL and CII say, each in its own grammar."""

    header: Header
    items: tuple[Item, ...]
    extras: tuple[Extra, ...]
    groups: tuple[Group, ...]
    line_sum: Decimal  # [BT-106]
    net: Decimal  # [BT-109]
    tax: Decimal  # [BT-110]
    gross: Decimal  # [BT-112]
    paid: Decimal  # [BT-113]
    rounding: Decimal  # [BT-114] of the total
    due: Decimal  # [BT-115]

    @property
    def delivered_to(self) -> str:
        """The country that goods went to, where the standard wants it told: with an intra-community supply [BT-80]."""
        return self.header.buyer.country if any(group.category == "K" for group in self.groups) else ""

    @property
    def is_outside(self) -> bool:
        """Not subject to VAT: then neither side's VAT number may be told as one [BR-O-2]."""
        return any(group.category == "O" for group in self.groups)

    def sum_of(self, *, charges: bool) -> Decimal:
        return sum((extra.amount for extra in self.extras if extra.is_charge is charges), Decimal(0))


def check_sayable(*, is_discounted_after_tax: bool, is_adjusted: bool, rounding_mode: str) -> None:
    """The standard has a place for the rounding of the total [BT-114] and none for these. Raises CannotExport."""
    if is_discounted_after_tax:
        raise CannotExport("This file knows no discount after tax. Send the PDF; give the next discount before tax.")
    if is_adjusted:
        raise CannotExport("This file knows no adjustment after tax. Send the PDF; give the next as a discount.")
    if rounding_mode != "half_up":
        raise CannotExport("This file is rounded so that a half goes up, and your papers otherwise. Send the PDF.")


def e_invoice(
    header: Header, lines: Sequence[PrintedLine], breakdown: Breakdown, *, includes_tax: bool, paid: Decimal,
    reasons: dict[str, str] | None = None,
) -> EInvoice:  # fmt: skip
    """paid: by deposits, when it was sent. reasons: the words of a tax row's exemption, by key. Raises CannotExport."""
    untaxed = _untaxed_category(header.seller, header.buyer)
    grouped = [_group_of(row, (reasons or {}).get(row.key, ""), untaxed) for row in breakdown.taxes]
    bare = _without_tax(lines, breakdown, {group.category for group in grouped})
    grouped += _at_no_tax(bare, breakdown)
    _check_numbers(header, grouped)
    borne = [_row_of(at, lines, bare, breakdown, grouped, header.kind) for at in range(len(breakdown.lines))]
    items, extras = [], []
    for position, (part, at, net) in enumerate(zip(breakdown.lines, borne, _nets(breakdown, borne), strict=True)):
        if at is None:
            continue
        # prices that include tax become net after every discount, so there is no allowance
        group, amount = replace(grouped[at], base=Decimal(0), tax=Decimal(0)), net if includes_tax else part.total
        if position < len(lines):
            items.append(Item(lines[position], amount.decimal, group))
        elif amount:
            extras.append(Extra(amount.decimal, group, is_charge=True))
        if part.total != net and not includes_tax:
            extras.append(Extra((part.total - net).decimal, group))
    if not items:  # a credit of the delivery alone: the standard wants a line at least [BR-16]
        items = [Item(PrintedLine(header.shipping, "", Decimal(1)), each.amount, each.group) for each in extras]
        extras = []
    return _summed_up(header, items, extras, grouped, breakdown, paid)


def _check_numbers(header: Header, groups: Sequence[Group]) -> None:
    """Who charges tax, or says why there is none, shows a VAT number [BR-S-02, BR-Z-02, BR-E-02, BR-AE-02, BR-IC-02,
    BR-G-02]; so does the customer who accounts for the tax or buys free of it within the union [BR-AE-02, BR-IC-02].
    Who is outside the tax is known by another number [BR-CO-26]. Raises CannotExport."""
    categories, seller = {group.category for group in groups}, header.seller
    if not seller.tax_number and categories - {"O"}:
        raise CannotExport(
            "This file needs your VAT number, and the paper went out without one. Enter it under Settings, Documents"
            f" and money; then {_ANEW[header.kind]}, or send the PDF."
        )
    if not seller.tax_number and not seller.registration:
        raise CannotExport(
            "This file needs a number that tells who you are, and the paper went out without one. Enter that of your"
            " company's register or your tax office under Settings, Documents and money, as one of the other numbers"
            f" of your firm; then {_ANEW[header.kind]}, or send the PDF."
        )
    if not header.buyer.tax_number and categories & {"AE", "K"}:
        raise CannotExport(
            "A reverse charge needs the customer's VAT number in this file, and the paper went out without one. Enter"
            f" it on the customer's page; then {_ANEW[header.kind]}, or send the PDF."
        )


def _without_tax(lines: Sequence[PrintedLine], breakdown: Breakdown, rows: set[str]) -> list[tuple[str, str]]:
    """Category and reason of each line and charge that bears no tax, "" where it bears one. A charge is outside the
    tax only where all else is [BR-O-11]."""
    told = [(line.category, line.reason) for line in lines]
    category = "O" if rows | {line.category for line in lines if line.category} == {"O"} else "E"
    charges = breakdown.lines[len(lines) :]
    return told + [("", "") if any(part.bases) or not part.total else (category, _BARE_CHARGE) for part in charges]


def _at_no_tax(bare: Sequence[tuple[str, str]], breakdown: Breakdown) -> list[Group]:
    """Of lines that bear no tax for a reason: one for each category and reason."""
    found: dict[tuple[str, str], Decimal] = {}
    for (category, reason), part in zip(bare, breakdown.lines, strict=False):
        if category:
            found[category, reason] = found.get((category, reason), Decimal(0)) + part.net.decimal
    return [Group(category, Decimal(0), base, reason=reason) for (category, reason), base in found.items()]


def _row_of(
    position: int, lines: Sequence[PrintedLine], bare: Sequence[tuple[str, str]], breakdown: Breakdown,
    grouped: Sequence[Group], kind: str,
) -> int | None:  # fmt: skip
    """Which of `grouped` a line or charge is in; None where a credit note takes nothing back. Raises CannotExport."""
    part = breakdown.lines[position]
    if kind == CREDIT_NOTE and not part.total:
        return None
    if bare[position][0]:
        return [(each.category, each.reason) for each in grouped].index(bare[position], len(breakdown.taxes))
    borne = [at for at, base in enumerate(part.bases) if base]
    if not borne and position < len(lines):
        borne = [at for at, row in enumerate(breakdown.taxes) if row.key == lines[position].tax_key]
    if len(borne) != 1:
        raise CannotExport(f"Line {position + 1} needs exactly one tax, or a reason for having none.")
    return borne[0]


def _nets(breakdown: Breakdown, borne: Sequence[int | None]) -> list[Money]:
    """What they add up to is the base of the row [BR-S-08]. Lines of older credit notes, each rounded by itself, come
    near it, and share the rest."""
    nets = [part.net for part in breakdown.lines]
    for at, row in enumerate(breakdown.taxes):
        those = [position for position, row_at in enumerate(borne) if row_at == at]
        shares = share_out(row.base.minor, [nets[each].minor for each in those], those)
        for position, share in zip(those, shares, strict=True):
            nets[position] = Money(share, row.base.currency)
    return nets


def _summed_up(
    header: Header, items: Sequence[Item], extras: Sequence[Extra], grouped: Sequence[Group], breakdown: Breakdown,
    paid: Decimal,
) -> EInvoice:  # fmt: skip
    """The rounding of the total stands in BT-114. Of what a credit note leaves as it is, there is no row [BR-S-01]."""
    borne = {item.group.key for item in items} | {extra.group.key for extra in extras}
    grouped = [group for group in grouped if group.key in borne]
    net, tax = sum((group.base for group in grouped), Decimal(0)), breakdown.tax_total.decimal
    rounding = breakdown.total.decimal - net - tax
    return EInvoice(
        header=header, items=tuple(items), extras=_merged(extras), groups=_summed(grouped),
        line_sum=sum((item.net for item in items), Decimal(0)), net=net, tax=tax, gross=net + tax, paid=paid,
        rounding=rounding, due=net + tax - paid + rounding,
    )  # fmt: skip


def _untaxed_category(seller: Party, buyer: Party) -> str:
    """What a rate of nought means: goods to a business in another member state, goods out of the union, or nought."""
    if not seller.tax_number or buyer.country in ("", seller.country):
        return "Z"
    if seller.country in _EUROPEAN_UNION and buyer.country in _EUROPEAN_UNION:
        return "K" if buyer.tax_number else "Z"
    return "G"


def _group_of(row: TaxRow, reason: str, untaxed: str) -> Group:
    if row.kind not in _CATEGORIES:
        raise CannotExport(f"{row.name} {_UNTOLD.get(row.kind, 'cannot be told')} in an EN 16931 invoice.")
    category = _CATEGORIES[row.kind]
    if category == "Z" or (category == "S" and not row.rate):
        category = untaxed
    is_charged = category == "S"
    return Group(
        category, row.rate if is_charged else Decimal(0), row.base.decimal,
        row.amount.decimal if is_charged else Decimal(0), reason or REASONS.get(category, ""),
    )  # fmt: skip


def _summed(groups: Sequence[Group]) -> tuple[Group, ...]:
    """One row for each category and rate."""
    found: dict[tuple[str, Decimal], Group] = {}
    for group in groups:
        known = found.get(group.key)
        found[group.key] = replace(known, base=known.base + group.base, tax=known.tax + group.tax) if known else group
    for group in found.values():
        _check_tax(group)
    if any(group.category == "O" for group in found.values()) and len(found) > 1:
        raise CannotExport("What is outside the tax needs an invoice of its own for this file. Send the PDF.")
    return tuple(found.values())


def _check_tax(group: Group) -> None:
    """BR-CO-17: base × rate, rounded to two decimals. Prices with tax inside, of which no split may be exact, and
    rounding on each line are cents away; the file says what was printed. The standard's own validators (CEN/TC 434's
    schematron) pass whatever is less than one of the currency apart, and so do we."""
    if abs(group.tax - Money.rounded(group.base * group.rate / 100, "EUR").decimal) >= 1:
        raise CannotExport("Rounded as it is, the tax is too far from base × rate for this file. Send the PDF instead.")


def _merged(extras: Sequence[Extra]) -> tuple[Extra, ...]:
    found: dict[tuple[bool, str, Decimal], Extra] = {}
    for extra in extras:
        key = (extra.is_charge, extra.group.category, extra.group.rate)
        known = found.get(key)
        found[key] = replace(known, amount=known.amount + extra.amount) if known else extra
    return tuple(found.values())
