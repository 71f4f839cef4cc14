"""Invoices, their frozen arithmetic, and the links by which customers see them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, Numeric, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.customers.models import Customer
from portal.invoices.balance import Sums
from portal.invoices.line_tax import LineTax, PrintedTax
from portal.invoices.shipping_tax import ShippingTax
from portal.shared.db import Base, Tenant, belongs_to, referenced
from portal.shared.money import Money
from portal.taxes.arithmetic import CHARGED
from portal.taxes.naming import at_rate

DRAFT, SENT, VOID = "draft", "sent", "void"


class Invoice(ShippingTax, Tenant, Base):
    """A draft can change; once sent its money is frozen (a trigger in the database holds it)."""

    __tablename__ = "invoices"
    __table_args__ = (
        referenced(),
        belongs_to("customers", "customer_id"),
        UniqueConstraint("organisation_id", "number"),
        UniqueConstraint("organisation_id", "form_id"),
        CheckConstraint("status IN ('draft', 'sent', 'void')", name="status"),
        CheckConstraint(
            "(written_off_minor = 0 AND written_off_at IS NULL)"
            " OR (status = 'sent' AND written_off_at IS NOT NULL AND written_off_minor BETWEEN 1 AND total_minor)",
            name="written_off",
        ),
        CheckConstraint("status = 'draft' OR (number IS NOT NULL AND issued_on IS NOT NULL)", name="issued"),
        CheckConstraint("total_minor >= 0", name="total"),
        CheckConstraint("discount_kind IN ('', 'percent', 'amount')", name="discount_kind"),
        CheckConstraint("discount_applied IN ('before_tax', 'after_tax')", name="discount_applied"),
        belongs_to("taxes", "shipping_tax_id"),
        belongs_to("taxes", "shipping_usual_tax_id"),
        belongs_to("taxes", "withholding_tax_id"),
        CheckConstraint("exchange_rate > 0", name="exchange_rate"),
        CheckConstraint("withheld_minor BETWEEN 0 AND GREATEST(total_minor, 0)", name="withheld"),
        Index("ix_invoices_status", "organisation_id", "status", "due_on"),
    )

    number: Mapped[str | None] = mapped_column(String(20))
    customer_id: Mapped[int] = mapped_column(BigInteger, index=True)
    status: Mapped[str] = mapped_column(String(12), default=DRAFT)
    currency: Mapped[str] = mapped_column(String(3))
    reference: Mapped[str] = mapped_column(String(100), default="")  # the work orders billed, as printed
    title: Mapped[str] = mapped_column(String(200), default="")  # what was done, in a few words
    work_done: Mapped[str] = mapped_column(String(500), default="")  # where, when and by whom, frozen at issue
    work_facts: Mapped[dict[str, str] | None] = mapped_column(JSONB)  # the same, to be told in any language
    supplied_on: Mapped[date | None]  # when the work was done, as far as it is known; frozen at issue
    issued_on: Mapped[date | None]
    due_on: Mapped[date | None]
    terms_days: Mapped[int]
    bill_to: Mapped[dict[str, Any]] = mapped_column(JSONB)  # name, lines of the address, e-mail: frozen at issue
    breakdown: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # taxes.arithmetic, as text; frozen at issue
    letterhead: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # the firm as printed; frozen at issue
    subtotal_minor: Mapped[int] = mapped_column(default=0)
    tax_minor: Mapped[int] = mapped_column(default=0)
    total_minor: Mapped[int] = mapped_column(default=0)
    discount_kind: Mapped[str] = mapped_column(String(10), server_default="")  # on the whole; "" for none
    discount_value: Mapped[Decimal] = mapped_column(Numeric(18, 6), server_default="0")
    discount_applied: Mapped[str] = mapped_column(String(12), server_default="before_tax")
    withholding_tax_id: Mapped[int | None] = mapped_column(BigInteger)
    exchange_rate: Mapped[Decimal | None] = mapped_column(Numeric(18, 9))  # the country's money for one of its own
    withheld_minor: Mapped[int] = mapped_column(server_default="0", default=0)  # the customer pays it to the state
    prepaid_minor: Mapped[int | None]  # by deposits, when it was sent; None: by nothing, or a draft
    adjustment_minor: Mapped[int] = mapped_column(server_default="0")
    adjustment_reason: Mapped[str] = mapped_column(String(100), server_default="")
    revision: Mapped[int] = mapped_column(default=1)
    raised_by: Mapped[int | None] = mapped_column(BigInteger)
    sent_at: Mapped[datetime | None]
    viewed_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str] = mapped_column(String(200), default="")
    written_off_minor: Mapped[int] = mapped_column(server_default="0", default=0)  # given up of what was to pay
    written_off_at: Mapped[datetime | None]
    write_off_reason: Mapped[str] = mapped_column(String(200), default="", server_default="")
    form_id: Mapped[str | None] = mapped_column(String(40))

    customer: Mapped[Customer] = relationship(
        primaryjoin="foreign(Invoice.customer_id) == Customer.id", lazy="raise_on_sql", viewonly=True
    )
    lines: Mapped[list["InvoiceLine"]] = relationship(
        primaryjoin="Invoice.id == foreign(InvoiceLine.invoice_id)", order_by="InvoiceLine.position",
        lazy="raise_on_sql",
    )  # fmt: skip
    taxes: Mapped[list["InvoiceTax"]] = relationship(
        primaryjoin="Invoice.id == foreign(InvoiceTax.invoice_id)", order_by="InvoiceTax.position", lazy="raise_on_sql"
    )
    balance_row: Mapped["InvoiceBalance | None"] = relationship(
        primaryjoin="Invoice.id == foreign(InvoiceBalance.invoice_id)", lazy="raise_on_sql", viewonly=True,
        uselist=False,
    )  # fmt: skip

    @property
    def subtotal(self) -> Money:
        return Money(self.subtotal_minor, self.currency)

    @property
    def tax(self) -> Money:
        return Money(self.tax_minor, self.currency)

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def withheld(self) -> Money:
        return Money(self.withheld_minor, self.currency)

    @property
    def amount_due(self) -> Money:
        """What the customer pays in all: the total without what is withheld."""
        return self.total - self.withheld

    @property
    def written_off(self) -> Money:
        return Money(self.written_off_minor, self.currency)

    @property
    def printed_taxes(self) -> list[PrintedTax]:
        """The tax rows, from what was frozen at issue: no further read. A reverse charge costs nothing here."""
        frozen = self.breakdown or {}
        is_inside = bool(frozen.get("policy", {}).get("price_includes_tax"))
        return [
            PrintedTax(
                at_rate(row["name"], Decimal(row["rate"]), row["kind"]),
                Money.of(Decimal(row["amount"]) if row["kind"] in CHARGED else 0, self.currency),
                is_inside,
            )
            for row in frozen.get("taxes", ())
            if row["kind"] != "withholding"
        ]


class InvoiceLine(LineTax, Tenant, Base):
    """One line as printed."""

    __tablename__ = "invoice_lines"
    __table_args__ = (
        referenced(),
        belongs_to("invoices", "invoice_id"),
        belongs_to("work_order_lines", "work_order_line_id"),
        belongs_to("catalogue_items", "item_id"),
        belongs_to("taxes", "tax_id"),
        CheckConstraint("quantity > 0 AND unit_price >= 0", name="amounts"),
        CheckConstraint("discount_percent IS NULL OR discount_minor IS NULL", name="discount"),
    )

    invoice_id: Mapped[int] = mapped_column(BigInteger, index=True)
    work_order_line_id: Mapped[int | None] = mapped_column(BigInteger)
    item_id: Mapped[int | None] = mapped_column(BigInteger)
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(String(2000), default="")
    quantity: Mapped[Decimal] = mapped_column(Numeric(14, 3))
    unit: Mapped[str] = mapped_column(String(20), default="")
    unit_price: Mapped[Decimal] = mapped_column(Numeric(18, 6))
    discount_percent: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    discount_minor: Mapped[int | None]
    line_total_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))

    @property
    def line_total(self) -> Money:
        return Money(self.line_total_minor, self.currency)

    @property
    def discount(self) -> Money:
        return Money(self.discount_minor or 0, self.currency)


class InvoiceTax(Tenant, Base):
    """One tax row of an invoice: what was taxed and how much that is."""

    __tablename__ = "invoice_taxes"
    __table_args__ = (belongs_to("invoices", "invoice_id"), belongs_to("taxes", "tax_id"))

    invoice_id: Mapped[int] = mapped_column(BigInteger, index=True)
    tax_id: Mapped[int | None] = mapped_column(BigInteger)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(100))
    rate: Mapped[Decimal] = mapped_column(Numeric(18, 6))
    base_minor: Mapped[int]
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))

    @property
    def base(self) -> Money:
        return Money(self.base_minor, self.currency)

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class PayLink(Tenant, Base):
    """One sending of an invoice or of a request for a deposit: its own secret, found by SHA-256, revocable alone."""

    __tablename__ = "pay_links"
    __table_args__ = (
        referenced(),
        belongs_to("invoices", "invoice_id"),
        belongs_to("messages", "message_id"),
        CheckConstraint("channel IN ('screen', 'email', 'sms')", name="channel"),
        belongs_to("deposit_requests", "deposit_request_id"),
        CheckConstraint("num_nonnulls(invoice_id, deposit_request_id) = 1", name="target"),
        Index("ix_pay_links_deposit", "deposit_request_id", postgresql_where=text("deposit_request_id IS NOT NULL")),
    )

    invoice_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    deposit_request_id: Mapped[int | None] = mapped_column(BigInteger)
    token_digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    token_sealed: Mapped[str] = mapped_column(String(200))  # for the screen with the QR code; its key is elsewhere
    channel: Mapped[str] = mapped_column(String(10))
    sent_to: Mapped[str] = mapped_column(String(254), default="")
    created_by: Mapped[int | None] = mapped_column(BigInteger)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    last_opened_at: Mapped[datetime | None]
    opens: Mapped[int] = mapped_column(server_default="0")  # by people, as the page's script tells; a soft fact
    message_id: Mapped[int | None] = mapped_column(BigInteger)  # what brought it to the customer
    is_joint: Mapped[bool] = mapped_column(server_default="false")  # leads to several invoices: invoices.joint


class InvoiceBalance(Sums, Base):
    """What is still to pay, from allocations and credits, and what of it is under way. A view: never written."""

    __tablename__ = "invoice_balances"
    __table_args__ = {"info": {"is_view": True}}

    invoice_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(BigInteger)
