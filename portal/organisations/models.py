"""The tenant, its numbering, and the trail of what people and jobs did."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.db import Base, Tenant

_LOGO = re.compile(r"[0-9a-f]{32}-(\d{1,4})x(\d{1,4})")


def size_of_logo(name: str) -> tuple[int, int] | None:
    """Width and height in pixels, which a logo's name tells, so that a page keeps the room; None for no such name."""
    said = _LOGO.fullmatch(name)
    return (int(said[1]), int(said[2])) if said else None


class Organisation(Base):
    """One firm that bills through the portal."""

    __tablename__ = "organisations"
    __table_args__ = (
        CheckConstraint("tax_rounding IN ('document', 'line')", name="tax_rounding"),
        CheckConstraint("round_total_to > 0", name="round_total_to"),
        CheckConstraint("discount_style IN ('free', 'none', 'line', 'before_tax', 'after_tax')", name="discount_style"),
        CheckConstraint("least_part_minor >= 0", name="least_part"),
        CheckConstraint("deposit_percent BETWEEN 0 AND 90", name="deposit_percent"),
        CheckConstraint("payment_terms_days BETWEEN 0 AND 365", name="terms"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=False), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    country: Mapped[str] = mapped_column(String(2))
    currency: Mapped[str] = mapped_column(String(3))
    time_zone: Mapped[str] = mapped_column(String(64))
    locale: Mapped[str] = mapped_column(String(16), default="en_GB")
    email: Mapped[str] = mapped_column(String(254))
    phone: Mapped[str] = mapped_column(String(40), default="")
    address: Mapped[str] = mapped_column(String(500), default="")
    tax_number_label: Mapped[str] = mapped_column(String(40), default="Tax number")
    tax_number: Mapped[str] = mapped_column(String(40), default="")
    payment_terms_days: Mapped[int] = mapped_column(default=14)
    pay_link_days: Mapped[int] = mapped_column(default=60)
    tax_rounding: Mapped[str] = mapped_column(String(10), default="document")
    rounding_mode: Mapped[str] = mapped_column(String(10), default="half_up")
    price_includes_tax: Mapped[bool] = mapped_column(default=False)
    round_total_to: Mapped[Decimal | None] = mapped_column(Numeric(12, 3))  # major units; None: to the smallest coin
    discount_style: Mapped[str] = mapped_column(String(12), server_default="free")
    registrations: Mapped[str] = mapped_column(String(500), server_default="")  # "name: number", one a line
    document_language: Mapped[str] = mapped_column(String(5), server_default="")  # empty: the locale's
    document_words: Mapped[str] = mapped_column(String(500), server_default="")  # at the end of every paper
    attach_papers: Mapped[bool] = mapped_column(default=True, server_default="true")  # PDFs in mails, not links alone
    is_tax_registered: Mapped[bool] = mapped_column(default=True, server_default="true")
    tax_registered_from: Mapped[date | None]
    tax_registered_until: Mapped[date | None]
    tax_place: Mapped[str] = mapped_column(String(8), default="", server_default="")  # its own state, if that matters
    takes_parts: Mapped[bool] = mapped_column(server_default="false")  # may customers pay a part on their page?
    least_part_minor: Mapped[int] = mapped_column(server_default="0")  # and how much at least
    deposit_percent: Mapped[int] = mapped_column(server_default="0")  # of the total, as a first payment
    takes_tips: Mapped[bool] = mapped_column(server_default="false")  # may customers add one to a card payment?
    saves_cards: Mapped[bool] = mapped_column(server_default="true")  # may customers save their card on their page?
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    logo: Mapped[str] = mapped_column(String(80), server_default="")  # the Logo that counts now, by its name

    @property
    def logo_size(self) -> tuple[int, int] | None:
        return size_of_logo(self.logo)

    def is_registered_on(self, day: date) -> bool:
        """For its country's sales tax."""
        begins, ends = self.tax_registered_from or date.min, self.tax_registered_until or date.max
        return self.is_tax_registered and begins <= day <= ends


class Logo(Tenant, Base):
    """A firm's logo, drawn anew by us. Only ever added: an invoice keeps the one that it went out with.

    name     of the file that pages fetch: what is drawn decides it, so it can be kept for ever
    content  a PNG for paper, preview a small one for pages; loaded only when asked for
    """

    __tablename__ = "logos"
    __table_args__ = (UniqueConstraint("organisation_id", "name"), Index("ix_logos_name", "name"))

    name: Mapped[str] = mapped_column(String(80))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    preview: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class NumberSeries(Base):
    """The next number of one series. Taken under a row lock, so a series has no gap and no double."""

    __tablename__ = "number_series"

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    series: Mapped[str] = mapped_column(String(20), primary_key=True)
    prefix: Mapped[str] = mapped_column(String(12))
    next_number: Mapped[int] = mapped_column(default=1)
    digits: Mapped[int] = mapped_column(SmallInteger, default=5, server_default=text("5"))


class AuditEntry(Tenant, Base):
    """Who did what to which record, when and from where. Only ever added to."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_record", "organisation_id", "record", "record_id", "id"),)

    actor: Mapped[str] = mapped_column(String(20))  # person | customer | job
    person_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_name: Mapped[str] = mapped_column(String(200), default="")
    trace: Mapped[str] = mapped_column(String(64), default="")
    address: Mapped[str] = mapped_column(String(64), default="")
    action: Mapped[str] = mapped_column(String(60))
    record: Mapped[str] = mapped_column(String(40))
    record_id: Mapped[int] = mapped_column(BigInteger)
    words: Mapped[str] = mapped_column(String(500), default="")
    link: Mapped[str] = mapped_column(String(500), default="")
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
