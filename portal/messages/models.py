"""Mail on its way out of the house: a row first, the SMTP server later."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.db import Base, Tenant, belongs_to, referenced


class Message(Tenant, Base):
    """One mail. The text may hold a secret link, so it is kept sealed."""

    __tablename__ = "messages"
    __table_args__ = (
        referenced(),
        belongs_to("people", "sent_by"),
        UniqueConstraint("organisation_id", "once"),
        Index("ix_messages_due", "organisation_id", "state", "next_try_at"),
        Index("ix_messages_record", "organisation_id", "record", "record_id"),
        Index("ix_messages_failed", "organisation_id", "id", postgresql_where=text("state = 'failed'")),
        CheckConstraint("state IN ('waiting', 'sent', 'failed', 'cancelled')", name="state"),
    )

    once: Mapped[str] = mapped_column(String(80))  # the same mail is never sent twice, for example receipt:41
    kind: Mapped[str] = mapped_column(String(20))
    record: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int] = mapped_column(BigInteger)
    to_address: Mapped[str] = mapped_column(String(254))
    reply_to: Mapped[str] = mapped_column(String(254), default="")
    from_name: Mapped[str] = mapped_column(String(200), default="")
    subject: Mapped[str] = mapped_column(String(300))
    body_sealed: Mapped[str] = mapped_column(Text)  # JSON {"text", "html"}
    attachment: Mapped[str] = mapped_column(String(40), server_default="")  # a kept paper, for example invoice:12
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    sent_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(String(300), default="")
    sent_by: Mapped[int | None] = mapped_column(BigInteger)  # the person who hears of it when it fails
    dealt_with_at: Mapped[datetime | None]  # a failure that somebody has seen to
