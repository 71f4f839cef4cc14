"""What an EN 16931 invoice is made of. Names in brackets are the standard's business terms."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from portal.invoices.e_invoice.units import ONE

INVOICE, CREDIT_NOTE = "380", "381"


@dataclass(frozen=True)
class Party:
    """Seller or buyer. lines of the street; country as two letters; registration in a register of companies
    [BT-30]."""

    name: str
    country: str
    lines: tuple[str, ...] = ()
    tax_number: str = ""
    email: str = ""
    registration: str = ""
    city: str = ""
    postal_code: str = ""
    region: str = ""


@dataclass(frozen=True)
class PrintedLine:
    """What the invoice's paper says of one line; tax_key as in the rows of the breakdown.

    category, reason  of a line that bears no tax at all: E (exempt) or O (outside the tax), and why
    unit              of the quantity, by its code
    """

    name: str
    description: str
    quantity: Decimal
    tax_key: str = ""
    category: str = ""
    reason: str = ""
    unit: str = ONE


@dataclass(frozen=True)
class Group:
    """A category and a rate [BT-118, BT-119]: of a line, or one row of the VAT breakdown [BG-23]."""

    category: str
    rate: Decimal
    base: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    reason: str = ""

    @property
    def key(self) -> tuple[str, Decimal]:
        """What tells one row of the breakdown from another."""
        return self.category, self.rate


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
    kind: str = INVOICE  # [BT-3]
    credits: str = ""  # number of the invoice that a credit note takes back [BT-25]
    supplied_on: date | None = None  # [BT-72]
    tax_point: date | None = None  # [BT-7] where it is not the day of issue
    shipping: str = "Shipping"  # what the buyer calls it
    discount: str = "Discount"
