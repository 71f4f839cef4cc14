"""Credit notes, issued at once and never changed, what they were put to, and which of them are void."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Numeric, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.invoices.models import Invoice
from portal.shared.db import Base, Tenant, belongs_to, referenced
from portal.shared.money import Money
from portal.taxes.arithmetic import CHARGED
from portal.taxes.naming import at_rate


class CreditNote(Tenant, Base):
    """Amounts are positive, as on the invoice. The program may add rows, and change none."""

    __tablename__ = "credit_notes"
    __table_args__ = (
        referenced(),
        belongs_to("invoices", "invoice_id"),
        belongs_to("customers", "customer_id"),
        UniqueConstraint("organisation_id", "number"),
        UniqueConstraint("organisation_id", "form_id"),
        CheckConstraint("total_minor > 0", name="total"),
        CheckConstraint("withheld_minor BETWEEN 0 AND GREATEST(total_minor, 0)", name="withheld"),
    )

    number: Mapped[str] = mapped_column(String(20))
    invoice_id: Mapped[int] = mapped_column(BigInteger, index=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, index=True)
    currency: Mapped[str] = mapped_column(String(3))
    issued_on: Mapped[date]
    reason: Mapped[str] = mapped_column(String(200))
    bill_to: Mapped[dict[str, Any]] = mapped_column(JSONB)  # the invoice's
    breakdown: Mapped[dict[str, Any]] = mapped_column(JSONB)  # taxes.arithmetic, as text
    letterhead: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # the firm as printed
    subtotal_minor: Mapped[int]
    tax_minor: Mapped[int]
    total_minor: Mapped[int]
    withheld_minor: Mapped[int] = mapped_column(server_default="0", default=0)  # as on the invoice
    raised_by: Mapped[int | None] = mapped_column(BigInteger)
    form_id: Mapped[str | None] = mapped_column(String(40))

    invoice: Mapped[Invoice] = relationship(
        primaryjoin="foreign(CreditNote.invoice_id) == Invoice.id", lazy="raise_on_sql", viewonly=True
    )
    voiding: Mapped["CreditNoteVoid | None"] = relationship(
        primaryjoin="CreditNote.id == foreign(CreditNoteVoid.credit_note_id)", lazy="raise_on_sql", viewonly=True
    )
    lines: Mapped[list["CreditNoteLine"]] = relationship(
        primaryjoin="CreditNote.id == foreign(CreditNoteLine.credit_note_id)",
        order_by="CreditNoteLine.position",
        lazy="raise_on_sql",
    )
    taxes: Mapped[list["CreditNoteTax"]] = relationship(
        primaryjoin="CreditNote.id == foreign(CreditNoteTax.credit_note_id)",
        order_by="CreditNoteTax.position",
        lazy="raise_on_sql",
    )

    @property
    def subtotal(self) -> Money:
        return Money(self.subtotal_minor, self.currency)

    @property
    def tax(self) -> Money:
        return Money(self.tax_minor, self.currency)

    @property
    def worth(self) -> Money:
        """What it takes off what is to pay: nobody paid what was withheld."""
        return Money(self.total_minor - self.withheld_minor, self.currency)

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def is_void(self) -> bool:
        """Of one that was read with its voiding."""
        return self.voiding is not None


class CreditNoteLine(Tenant, Base):
    """How much of one line of the invoice is taken back; invoice_line_id None: of a charge, such as shipping."""

    __tablename__ = "credit_note_lines"
    __table_args__ = (
        belongs_to("credit_notes", "credit_note_id"),
        belongs_to("invoice_lines", "invoice_line_id"),
        CheckConstraint("line_total_minor <> 0", name="amount"),
    )

    credit_note_id: Mapped[int] = mapped_column(BigInteger, index=True)
    invoice_line_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    position: Mapped[int]  # of the line on the invoice; charges come after its lines
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(String(2000), default="")
    line_total_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    tax_name: Mapped[str] = mapped_column(String(100), default="")
    tax_rate: Mapped[Decimal] = mapped_column(Numeric(18, 6), default=Decimal(0))

    @property
    def line_total(self) -> Money:
        return Money(self.line_total_minor, self.currency)

    @property
    def tax_named(self) -> str:
        """As on the invoice's line."""
        return at_rate(self.tax_name, self.tax_rate or Decimal(0))


class CreditNoteTax(Tenant, Base):
    """One tax row of the invoice, as far as it is taken back."""

    __tablename__ = "credit_note_taxes"
    __table_args__ = (belongs_to("credit_notes", "credit_note_id"), belongs_to("taxes", "tax_id"))

    credit_note_id: Mapped[int] = mapped_column(BigInteger, index=True)
    tax_id: Mapped[int | None] = mapped_column(BigInteger)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(100))
    rate: Mapped[Decimal] = mapped_column(Numeric(18, 6))
    kind: Mapped[str] = mapped_column(String(20))
    base_minor: Mapped[int]
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))

    @property
    def base(self) -> Money:
        return Money(self.base_minor, self.currency)

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def named(self) -> str:
        return at_rate(self.name, self.rate, self.kind)

    @property
    def charged(self) -> Money:
        """What it adds to the total: a reverse charge costs nothing here."""
        return self.amount if self.kind in CHARGED else Money.zero(self.currency)


class CreditApplication(Tenant, Base):
    """How much of a credit note lowers what is to pay on which invoice. What is not put to any is kept as credit.

    Only ever added to: what is taken off an invoice again is a row below zero.
    """

    __tablename__ = "credit_applications"
    __table_args__ = (
        belongs_to("credit_notes", "credit_note_id"),
        belongs_to("invoices", "invoice_id"),
        CheckConstraint("amount_minor <> 0", name="amount"),
    )

    credit_note_id: Mapped[int] = mapped_column(BigInteger, index=True)
    invoice_id: Mapped[int] = mapped_column(BigInteger, index=True)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class CreditRefund(Tenant, Base):
    """What is kept of a note, handed back to the customer. Only ever added to.

    way  cash, bank_transfer: what goes to a card is a refund of the payment, and the note takes its place
    """

    __tablename__ = "credit_refunds"
    __table_args__ = (
        belongs_to("credit_notes", "credit_note_id"),
        belongs_to("people", "refunded_by"),
        UniqueConstraint("organisation_id", "form_id"),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("from_purse_minor BETWEEN 0 AND amount_minor", name="purse"),
        CheckConstraint("way IN ('cash', 'bank_transfer')", name="way"),
    )

    credit_note_id: Mapped[int] = mapped_column(BigInteger, index=True)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    way: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(200))
    from_purse_minor: Mapped[int] = mapped_column(server_default="0")  # of cash: out of the purse of who gave it back
    refunded_by: Mapped[int] = mapped_column(BigInteger)
    form_id: Mapped[str] = mapped_column(String(60))

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class CreditNoteVoid(Tenant, Base):
    """A note that takes nothing back any more. It keeps its number, and is put to no invoice.

    voided_by  None: nobody here, as the books had it so
    """

    __tablename__ = "credit_note_voids"
    __table_args__ = (
        belongs_to("credit_notes", "credit_note_id"),
        belongs_to("people", "voided_by"),
        UniqueConstraint("credit_note_id"),
    )

    credit_note_id: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(200))
    voided_by: Mapped[int | None] = mapped_column(BigInteger)
