"""From a frozen breakdown to the figures of EN 16931: pure, and nothing is reckoned anew.

Names in brackets are the standard's business terms. Prices that include tax become net, as the standard knows no other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from portal.shared.errors import RuleBroken
from portal.taxes.arithmetic import Breakdown, TaxRow

EXPORTING = frozenset((
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR",
    "HU", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
))  # fmt: skip
_CATEGORIES = {"percent": "S", "zero": "Z", "exempt": "E", "reverse_charge": "AE", "out_of_scope": "O"}
REASONS = {"E": "Exempt from tax", "AE": "Reverse charge", "K": "Intra-community supply", "G": "Export outside the EU",
           "O": "Not subject to VAT"}  # fmt: skip


class CannotExport(RuleBroken):
    """The standard has no way to say what this invoice says."""


@dataclass(frozen=True)
class Party:
    """Seller or buyer. country as two letters."""

    name: str
    country: str
    lines: tuple[str, ...] = ()
    tax_number: str = ""
    email: str = ""


@dataclass(frozen=True)
class PrintedLine:
    """What the invoice's paper says of one line; tax_key as in the rows of the breakdown."""

    name: str
    description: str
    quantity: Decimal
    tax_key: str = ""


@dataclass(frozen=True)
class Group:
    """A category and a rate [BT-118, BT-119]: of a line, or one row of the VAT breakdown [BG-23]."""

    category: str
    rate: Decimal
    base: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    reason: str = ""


@dataclass(frozen=True)
class Item:
    """One line [BG-25]; net for the whole quantity, so that no price has to be divided and rounded."""

    printed: PrintedLine
    net: Decimal
    group: Group


@dataclass(frozen=True)
class Extra:
    """An allowance or a charge on the document [BG-20, BG-21]. amount above nought."""

    amount: Decimal
    group: Group
    is_charge: bool = False


@dataclass(frozen=True)
class Header:
    number: str
    issued_on: date
    due_on: date | None
    currency: str
    seller: Party
    buyer: Party
    reference: str = ""


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
    rounding: Decimal  # [BT-114] an adjustment and the rounding of the total
    due: Decimal  # [BT-115]

    def sum_of(self, *, charges: bool) -> Decimal:
        return sum((extra.amount for extra in self.extras if extra.is_charge is charges), Decimal(0))


def e_invoice(
    header: Header, lines: Sequence[PrintedLine], breakdown: Breakdown, *, includes_tax: bool, paid: Decimal,
    reasons: dict[str, str] | None = None,
) -> EInvoice:  # fmt: skip
    """paid: so far. reasons: the words of a tax row's exemption, by its key. Raises CannotExport."""
    grouped = [_group_of(row, (reasons or {}).get(row.key, "")) for row in breakdown.taxes]
    items, extras = [], []
    for position, part in enumerate(breakdown.lines):
        printed = lines[position] if position < len(lines) else None
        borne = [at for at, base in enumerate(part.bases) if base]
        if not borne and printed:
            borne = [at for at, row in enumerate(breakdown.taxes) if row.key == printed.tax_key]
        if len(borne) != 1:
            raise CannotExport(f"Line {position + 1} needs exactly one tax, or a reason for having none.")
        group = replace(grouped[borne[0]], base=Decimal(0), tax=Decimal(0))
        net = part.net.decimal if includes_tax else part.total.decimal
        if printed:
            items.append(Item(printed, net, group))
        elif net:
            extras.append(Extra(net, group, is_charge=True))
        if part.discount_share and not includes_tax:
            extras.append(Extra(part.discount_share.decimal, group))
    net, tax = breakdown.subtotal.decimal, breakdown.tax_total.decimal
    rounding = breakdown.total.decimal - net - tax
    return EInvoice(
        header=header, items=tuple(items), extras=_merged(extras), groups=_summed(grouped),
        line_sum=sum((item.net for item in items), Decimal(0)), net=net, tax=tax, gross=net + tax, paid=paid,
        rounding=rounding, due=net + tax - paid + rounding,
    )  # fmt: skip


def _group_of(row: TaxRow, reason: str) -> Group:
    if row.kind not in _CATEGORIES:
        raise CannotExport(f"{row.name} cannot be told in an EN 16931 invoice.")
    category = _CATEGORIES[row.kind]
    if category == "S" and not row.rate:
        category = "Z"
    is_charged = category == "S"
    return Group(
        category, row.rate if is_charged else Decimal(0), row.base.decimal,
        row.amount.decimal if is_charged else Decimal(0), reason or REASONS.get(category, ""),
    )  # fmt: skip


def _summed(groups: Sequence[Group]) -> tuple[Group, ...]:
    """One row for each category and rate."""
    found: dict[tuple[str, Decimal], Group] = {}
    for group in groups:
        key = (group.category, group.rate)
        known = found.get(key)
        found[key] = replace(known, base=known.base + group.base, tax=known.tax + group.tax) if known else group
    if any(group.category == "O" for group in found.values()) and len(found) > 1:
        raise CannotExport("What is outside the tax needs an invoice of its own for this file.")
    return tuple(found.values())


def _merged(extras: Sequence[Extra]) -> tuple[Extra, ...]:
    found: dict[tuple[bool, str, Decimal], Extra] = {}
    for extra in extras:
        key = (extra.is_charge, extra.group.category, extra.group.rate)
        known = found.get(key)
        found[key] = replace(known, amount=known.amount + extra.amount) if known else extra
    return tuple(found.values())
