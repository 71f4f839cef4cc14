"""Mails and text messages on their way out of the house: a row first, the server that takes them later."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.db import Base, Tenant, belongs_to, referenced


class Message(Tenant, Base):
    """One mail or text message. The words may hold a secret link, so they are kept sealed.

    state  delivered: the network says so, which only text messages ever learn
    """

    __tablename__ = "messages"
    __table_args__ = (
        referenced(),
        belongs_to("people", "sent_by"),
        UniqueConstraint("organisation_id", "once"),
        Index("ix_messages_due", "organisation_id", "state", "next_try_at"),
        Index("ix_messages_record", "organisation_id", "record", "record_id"),
        Index("ix_messages_failed", "organisation_id", "id", postgresql_where=text("state = 'failed'")),
        CheckConstraint("state IN ('waiting', 'sent', 'delivered', 'failed', 'cancelled')", name="state"),
        CheckConstraint("channel IN ('email', 'sms')", name="channel"),
    )

    once: Mapped[str] = mapped_column(String(80))  # the same mail is never sent twice, for example receipt:41
    kind: Mapped[str] = mapped_column(String(20))
    record: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int] = mapped_column(BigInteger)
    channel: Mapped[str] = mapped_column(String(10), default="email", server_default="email")
    to_address: Mapped[str] = mapped_column(String(254))  # of a text message: + and digits (E.164)
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
    remote_id: Mapped[str] = mapped_column(String(64), default="", server_default="")  # Twilio's, of a text message


class SmsAccount(Tenant, Base):
    """The firm's own account with Twilio. sms_key: the secret part of the address that Twilio tells of its messages."""

    __tablename__ = "sms_accounts"
    __table_args__ = (UniqueConstraint("organisation_id"),)

    account_sid: Mapped[str] = mapped_column(String(40))
    token_sealed: Mapped[str] = mapped_column(String(500))
    sender: Mapped[str] = mapped_column(String(40))  # a number in E.164, or a messaging service (MG…)
    sms_key: Mapped[str] = mapped_column(String(60), unique=True)
