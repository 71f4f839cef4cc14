"""What was compared, and what people decided about a difference. Rows are only ever added."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.db import Base, Tenant, belongs_to, referenced

ACCEPTED, ADJUSTED = "accepted", "adjusted"


class AgreementCheck(Tenant, Base):
    """One comparison of an invoice with Zoho's answer: both sides as comparison.as_text keeps them.

    cause  the first difference in words; empty where both agree, or differ as was decided
    trace  the job that compared
    """

    __tablename__ = "agreement_checks"
    __table_args__ = (
        referenced(),
        belongs_to("links", "link_id"),
        belongs_to("invoices", "invoice_id"),
        Index("ix_agreement_checks_invoice", "organisation_id", "invoice_id", "id"),
    )

    link_id: Mapped[int] = mapped_column(BigInteger)
    invoice_id: Mapped[int] = mapped_column(BigInteger)
    cause: Mapped[str] = mapped_column(String(500))
    ours: Mapped[dict[str, Any]] = mapped_column(JSONB)
    theirs: Mapped[dict[str, Any]] = mapped_column(JSONB)
    trace: Mapped[str] = mapped_column(String(64))


class AgreementDecision(Tenant, Base):
    """What a person decided about one check; the latest of an invoice counts.

    adjustment_minor  what goes to Zoho as an adjustment beside the invoice's own, all decisions together
    """

    __tablename__ = "agreement_decisions"
    __table_args__ = (
        belongs_to("agreement_checks", "check_id"),
        belongs_to("links", "link_id"),
        belongs_to("invoices", "invoice_id"),
        Index("ix_agreement_decisions_invoice", "organisation_id", "invoice_id", "id"),
        CheckConstraint(f"kind IN ('{ACCEPTED}', '{ADJUSTED}')", name="kind"),
    )

    check_id: Mapped[int] = mapped_column(BigInteger)
    link_id: Mapped[int] = mapped_column(BigInteger)
    invoice_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(200))
    adjustment_minor: Mapped[int]
    expects: Mapped[dict[str, Any]] = mapped_column(JSONB)  # Zoho's side, from then on no difference any more
    decided_by: Mapped[int] = mapped_column(BigInteger)
