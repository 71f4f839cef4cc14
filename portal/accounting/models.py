"""The tie to one Zoho organisation, and what of ours has reached it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.shared.db import Base, Tenant, belongs_to, referenced

MODULES = ("tax", "customer", "item", "invoice", "payment", "credit_note")
TAX_RATE = "tax_rate"  # no module of its own to people: a tax at another rate than it stands at there
STATES = ("pending", "sending", "in_step", "waiting", "failed", "conflict", "mismatch", "paused")


class OAuthState(Base):
    """A consent under way: bound to one sign-in, used once."""

    __tablename__ = "oauth_states"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    sign_in_digest: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime]
    wish: Mapped[str] = mapped_column(String(10), default="", server_default=text("''"))
    wished_name: Mapped[str] = mapped_column(String(200), default="", server_default=text("''"))


class Consent(Tenant, Base):
    """What a Zoho user allowed us to do. Tokens are sealed; one refresh at a time, under this row's lock."""

    __tablename__ = "zoho_consents"
    __table_args__ = (referenced(),)

    data_centre: Mapped[str] = mapped_column(String(4))
    scope: Mapped[str] = mapped_column(Text, default="")
    refresh_token_sealed: Mapped[str] = mapped_column(String(500))
    access_token_sealed: Mapped[str] = mapped_column(String(500), default="")
    access_expires_at: Mapped[datetime | None]
    refreshed_at: Mapped[datetime | None]
    lost_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    # Which of the three cards was picked (new, invoice, books), and how a new organisation shall be called.
    wish: Mapped[str] = mapped_column(String(10), default="", server_default=text("''"))
    wished_name: Mapped[str] = mapped_column(String(200), default="", server_default=text("''"))


class Link(Tenant, Base):
    """The tie to one Zoho organisation. Archived, never erased, so that reconnecting makes no duplicates."""

    __tablename__ = "links"
    __table_args__ = (
        referenced(),
        belongs_to("zoho_consents", "consent_id"),
        Index("uq_links_live", "organisation_id", unique=True, postgresql_where=text("archived_at IS NULL")),
        Index("uq_links_hint_key", "hint_key", unique=True, postgresql_where=text("hint_key <> ''")),
        CheckConstraint("product IN ('books', 'invoice')", name="product"),
    )

    consent_id: Mapped[int] = mapped_column(BigInteger)
    product: Mapped[str] = mapped_column(String(10))
    remote_organisation_id: Mapped[str] = mapped_column(String(20))
    remote_name: Mapped[str] = mapped_column(String(200))
    currency: Mapped[str] = mapped_column(String(3))
    connected_by: Mapped[int | None] = mapped_column(BigInteger)
    archived_at: Mapped[datetime | None]
    # One drainer at a time: whoever holds an unexpired lease; each holder gets a higher fence.
    lease_holder: Mapped[str] = mapped_column(String(64), default="")
    lease_fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    # The budget: when the calls of the last minute were made, and until when to keep still.
    recent_calls: Mapped[list[datetime]] = mapped_column(ARRAY(DateTime(timezone=True)), default=list)
    quiet_until: Mapped[datetime | None]
    quiet_why: Mapped[str] = mapped_column(String(200), default="")
    quota_limit: Mapped[int | None]
    quota_left: Mapped[int | None]
    quota_resets_at: Mapped[datetime | None]
    # Which steps of the set-up are done, step → when; and from which day on invoices go to this organisation.
    setup_steps: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"), default=dict)
    cut_over_on: Mapped[date | None]
    # Which database this was used from last. Another one is a restored copy: from restored_at on nothing is sent before
    # both sides were compared.
    database_mark: Mapped[str] = mapped_column(String(80), default="", server_default=text("''"))
    restored_at: Mapped[datetime | None]
    # The first import at work: read, take, or "" while it rests; and why it had to stop.
    importing: Mapped[str] = mapped_column(String(10), server_default=text("''"))
    import_problem: Mapped[str] = mapped_column(String(300), server_default=text("''"))
    # In the address at which Zoho may say that something changed there; made once a module goes both ways.
    hint_key: Mapped[str] = mapped_column(String(60), default="", server_default=text("''"))

    papers_since: Mapped[datetime | None]  # invoices sent since then get their PDF attached; empty for none

    consent: Mapped[Consent] = relationship(
        primaryjoin="foreign(Link.consent_id) == Consent.id", lazy="raise_on_sql", viewonly=True
    )


class ModuleSetting(Tenant, Base):
    """How one module of a link is kept: in which direction, and whether it rests. A missing row means pushed, awake."""

    __tablename__ = "module_settings"
    __table_args__ = (
        belongs_to("links", "link_id"),
        UniqueConstraint("link_id", "module"),
        CheckConstraint("direction IN ('push', 'both')", name="direction"),
    )

    link_id: Mapped[int] = mapped_column(BigInteger)
    module: Mapped[str] = mapped_column(String(20))
    direction: Mapped[str] = mapped_column(String(4), default="push", server_default=text("'push'"))
    is_paused: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class FieldRule(Tenant, Base):
    """One row of the mapping: our field, theirs, and whose value counts. Kept in versions; the highest one is in force.

    theirs  a field of Zoho's, or "cf:" and the api name of a custom field; empty for a field that stays here
    direction  push, pull or both, where the module goes both ways (accounting.fields)
    wins    ours, theirs or ask, when both sides changed it (direction both only)
    """

    __tablename__ = "field_rules"
    __table_args__ = (
        belongs_to("links", "link_id"),
        UniqueConstraint("link_id", "module", "version", "ours"),
        CheckConstraint("direction IN ('push', 'pull', 'both')", name="direction"),
        CheckConstraint("wins IN ('ours', 'theirs', 'ask')", name="wins"),
    )

    link_id: Mapped[int] = mapped_column(BigInteger)
    module: Mapped[str] = mapped_column(String(20))
    version: Mapped[int]
    ours: Mapped[str] = mapped_column(String(40))
    theirs: Mapped[str] = mapped_column(String(100), default="")
    direction: Mapped[str] = mapped_column(String(4), default="both", server_default=text("'both'"))
    wins: Mapped[str] = mapped_column(String(6), default="ours", server_default=text("'ours'"))
    made_by: Mapped[str] = mapped_column(String(200), default="")


class ImportRow(Tenant, Base):
    """One record found in Zoho at the first import: what it may be of ours, and what people decided about it.

    facts     what the list said of it, for the page and for taking it over
    found     new (nothing of ours is like it), matched, or unsure
    decision  same (as local_id), new (take it over as a record of its own), skip (leave it there); "" while open
    """

    __tablename__ = "import_rows"
    __table_args__ = (
        belongs_to("links", "link_id"),
        UniqueConstraint("link_id", "module", "remote_id"),
        CheckConstraint("found IN ('new', 'matched', 'unsure')", name="found"),
        CheckConstraint("decision IN ('', 'same', 'new', 'skip')", name="decision"),
    )

    link_id: Mapped[int] = mapped_column(BigInteger)
    module: Mapped[str] = mapped_column(String(20))
    remote_id: Mapped[str] = mapped_column(String(40))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    found: Mapped[str] = mapped_column(String(10))
    basis: Mapped[str] = mapped_column(String(60), default="")
    local_id: Mapped[int | None] = mapped_column(BigInteger)
    decision: Mapped[str] = mapped_column(String(10), default="")
    problem: Mapped[str] = mapped_column(String(300), default="")
    done_at: Mapped[datetime | None]


class ExemptionTwin(Tenant, Base):
    """The exemption there that says the same as one of our reasons, or as one of our taxes of the kind exempt."""

    __tablename__ = "exemption_twins"
    __table_args__ = (
        belongs_to("links", "link_id"),
        belongs_to("tax_exemptions", "exemption_id"),
        belongs_to("taxes", "tax_id"),
        UniqueConstraint("link_id", "exemption_id"),
        UniqueConstraint("link_id", "tax_id"),
        CheckConstraint("num_nonnulls(exemption_id, tax_id) = 1", name="one"),
    )

    link_id: Mapped[int] = mapped_column(BigInteger)
    exemption_id: Mapped[int | None] = mapped_column(BigInteger)
    tax_id: Mapped[int | None] = mapped_column(BigInteger)
    remote_id: Mapped[str] = mapped_column(String(40))


class TaxAtRate(Tenant, Base):
    """A tax at a rate that it has no more, or not yet there: what was sent with it needs its like in the books.

    rates  "12=19", or of a group each member's: "12=9,13=9". name: what it is to be called there
    """

    __tablename__ = "taxes_at_rates"
    __table_args__ = (belongs_to("taxes", "tax_id"), UniqueConstraint("organisation_id", "tax_id", "rates"))

    tax_id: Mapped[int] = mapped_column(BigInteger)
    rates: Mapped[str] = mapped_column(String(500))
    name: Mapped[str] = mapped_column(String(100))


class MirrorRecord(Tenant, Base):
    """One of our rows and its twin in Zoho, if it has reached it."""

    __tablename__ = "mirror_records"
    __table_args__ = (
        referenced(),
        belongs_to("links", "link_id"),
        UniqueConstraint("link_id", "module", "local_id"),
        UniqueConstraint("link_id", "module", "remote_id"),
        Index("ix_mirror_records_due", "organisation_id", "link_id", "state", "next_try_at"),
        CheckConstraint(f"module IN {(*MODULES, TAX_RATE)}", name="module"),
        CheckConstraint(f"state IN {STATES}", name="state"),
    )

    link_id: Mapped[int] = mapped_column(BigInteger)
    module: Mapped[str] = mapped_column(String(20))
    local_id: Mapped[int] = mapped_column(BigInteger)
    remote_id: Mapped[str | None] = mapped_column(String(40))
    remote_number: Mapped[str] = mapped_column(String(100), default="")
    remote_status: Mapped[str] = mapped_column(String(20), default="")
    state: Mapped[str] = mapped_column(String(10), default="pending")
    version_pushed: Mapped[int] = mapped_column(default=0)
    snapshot: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    remote_modified_at: Mapped[datetime | None]
    last_seen: Mapped[str] = mapped_column(String(64), default="", server_default=text("''"))  # a digest, at that stamp
    compared: Mapped[str] = mapped_column(String(64), default="", server_default=text("''"))  # by field: a digest
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    sending_since: Mapped[datetime | None]
    waits_for: Mapped[str] = mapped_column(String(200), default="")
    last_error: Mapped[str] = mapped_column(String(500), default="")
    last_error_code: Mapped[str] = mapped_column(String(20), default="")
    pushed_at: Mapped[datetime | None]
    paper: Mapped[str] = mapped_column(String(40), default="", server_default=text("''"))  # attached there: its edition
    paper_look_at: Mapped[datetime | None]
    dated_on: Mapped[date | None]  # there, where a person chose another day than ours: its period was closed
    left_out_why: Mapped[str] = mapped_column(String(200), default="", server_default=text("''"))  # while paused
