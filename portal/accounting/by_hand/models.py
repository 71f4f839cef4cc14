"""One thing that a person is to enter in an organisation by hand, and who did."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.accounting.by_hand.rules import WHAT
from portal.shared.db import Base, Tenant, belongs_to


class ByHand(Tenant, Base):
    """What the organisation of `link_id` lacks of one of our invoices, payments or credit notes.

    what       by_hand.rules.WHAT
    label      what people call it: "Payment R-00012"
    reference  of money given back: what tells it from the others of the same payment
    put_minor  by how much it changes what the payment or credit note pays on invoice_id
    """

    __tablename__ = "entries_by_hand"
    __table_args__ = (
        belongs_to("links", "link_id"),
        belongs_to("invoices", "invoice_id"),
        belongs_to("customers", "customer_id"),
        Index("ix_entries_by_hand_of", "organisation_id", "link_id", "module", "local_id"),
        Index("ix_entries_by_hand_open", "organisation_id", postgresql_where=text("entered_at IS NULL")),
        CheckConstraint("module IN ('invoice', 'payment', 'credit_note')", name="module"),
        CheckConstraint(f"what IN {WHAT}", name="what"),
        CheckConstraint("amount_minor >= 0", name="amount"),
    )

    link_id: Mapped[int] = mapped_column(BigInteger)
    module: Mapped[str] = mapped_column(String(20))
    local_id: Mapped[int] = mapped_column(BigInteger)
    invoice_id: Mapped[int | None] = mapped_column(BigInteger)
    customer_id: Mapped[int] = mapped_column(BigInteger)
    what: Mapped[str] = mapped_column(String(12))
    label: Mapped[str] = mapped_column(String(200))
    reference: Mapped[str] = mapped_column(String(60), default="")
    amount_minor: Mapped[int]
    put_minor: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(String(3))
    on_day: Mapped[date]
    method: Mapped[str] = mapped_column(String(40), default="")
    entered_at: Mapped[datetime | None]
    entered_by: Mapped[str] = mapped_column(String(200), default="")
