"""One question and its answer."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.db import Base, Tenant, belongs_to, referenced

LONGEST = 1000


class Question(Tenant, Base):
    """answer  what was mailed back; "" where it was answered another way, for example on the telephone"""

    __tablename__ = "questions"
    __table_args__ = (
        referenced(),
        belongs_to("invoices", "invoice_id"),
        belongs_to("people", "answered_by"),
        Index("ix_questions_waiting", "organisation_id", "invoice_id", postgresql_where=text("answered_at IS NULL")),
    )

    invoice_id: Mapped[int] = mapped_column(BigInteger)
    words: Mapped[str] = mapped_column(String(LONGEST))
    answer: Mapped[str] = mapped_column(String(2000), default="")
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[int | None] = mapped_column(BigInteger)
