"""Rows of a reconciliation: the run, what was read there, and what came of it. What came of it is only ever added."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.accounting.reconciliation.comparing import Side
from portal.shared.db import Base, Tenant, belongs_to, referenced

READING, CONFIRMING, DONE, STOPPED = "reading", "confirming", "done", "stopped"
GONE = "gone"  # status of a row that Zoho was asked for by its id and no longer knows


class Reconciliation(Tenant, Base):
    """One run over one link, and how far it is: a worker that dies leaves the page at which the next goes on.

    asked_by  the person who pressed the button; empty for the nightly run
    moving    records left out because they changed while it ran or were still on their way
    drifts    how many records differ, also when not all of them were kept
    words     why it was stopped
    """

    __tablename__ = "reconciliations"
    __table_args__ = (
        referenced(),
        belongs_to("links", "link_id"),
        Index("ix_reconciliations_link_id", "organisation_id", "link_id", "created_at"),
        Index("uq_reconciliations_open", "link_id", unique=True, postgresql_where=text("finished_at IS NULL")),
        CheckConstraint("stage IN ('reading', 'confirming', 'done', 'stopped')", name="stage"),
    )

    link_id: Mapped[int] = mapped_column(BigInteger)
    asked_by: Mapped[str] = mapped_column(String(200), default="")
    stage: Mapped[str] = mapped_column(String(10), default=READING)
    module: Mapped[str] = mapped_column(String(20))
    page: Mapped[int] = mapped_column(default=1)
    tries: Mapped[int] = mapped_column(default=0)
    look_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    finished_at: Mapped[datetime | None]
    moving: Mapped[int] = mapped_column(default=0)
    drifts: Mapped[int] = mapped_column(default=0)
    words: Mapped[str] = mapped_column(String(300), default="")


class ReadRow(Tenant, Base):
    """What Zoho's list said of one record. Kept until the run is closed."""

    __tablename__ = "reconciliation_rows"
    __table_args__ = (
        belongs_to("reconciliations", "run_id"),
        UniqueConstraint("run_id", "module", "remote_id"),
    )

    run_id: Mapped[int] = mapped_column(BigInteger)
    module: Mapped[str] = mapped_column(String(20))
    remote_id: Mapped[str] = mapped_column(String(40))
    number: Mapped[str] = mapped_column(String(100))
    label: Mapped[str] = mapped_column(String(200))
    day: Mapped[date | None]
    status: Mapped[str] = mapped_column(String(20))
    total_minor: Mapped[int]
    open_minor: Mapped[int]


class MonthSums(Tenant, Base):
    """One month of one module on both sides; a module that is only counted has one row without a month."""

    __tablename__ = "reconciliation_months"
    __table_args__ = (
        belongs_to("reconciliations", "run_id"),
        UniqueConstraint("run_id", "module", "month", postgresql_nulls_not_distinct=True),
    )

    run_id: Mapped[int] = mapped_column(BigInteger)
    module: Mapped[str] = mapped_column(String(20))
    month: Mapped[date | None]
    our_count: Mapped[int]
    our_total_minor: Mapped[int]
    our_tax_minor: Mapped[int]
    our_open_minor: Mapped[int]
    their_count: Mapped[int]
    their_total_minor: Mapped[int]
    their_tax_minor: Mapped[int]
    their_open_minor: Mapped[int]
    differs: Mapped[int] = mapped_column(default=0, server_default=text("0"))  # records, whatever the sums say
    left_alone: Mapped[int] = mapped_column(default=0, server_default=text("0"))  # differ on purpose
    only_there: Mapped[int] = mapped_column(default=0, server_default=text("0"))  # theirs alone, and no difference

    @property
    def ours(self) -> Side:
        return Side(self.our_count, self.our_total_minor, self.our_tax_minor, self.our_open_minor)

    @property
    def theirs(self) -> Side:
        return Side(self.their_count, self.their_total_minor, self.their_tax_minor, self.their_open_minor)


class PairDifference(Tenant, Base):
    """A customer or item that is not the same on both sides, though it is one.

    fields   of each that differs: ours, its value here and there, and both as people read them
    left_at  when a person said that it stays so; over when anything else differs
    """

    __tablename__ = "pair_differences"
    __table_args__ = (belongs_to("links", "link_id"), UniqueConstraint("link_id", "module", "local_id"))

    link_id: Mapped[int] = mapped_column(BigInteger)
    module: Mapped[str] = mapped_column(String(20))
    local_id: Mapped[int] = mapped_column(BigInteger)
    fields: Mapped[list[list[str]]] = mapped_column(JSONB)
    left_at: Mapped[datetime | None]
    left_by: Mapped[str] = mapped_column(String(200), default="")


class DriftRow(Tenant, Base):
    """One record on which the sides differed.

    number        what pairs it: the invoice's number, the payment's reference
    ours, theirs  what each side said, as people read it
    """

    __tablename__ = "reconciliation_drifts"
    __table_args__ = (
        referenced(),
        belongs_to("reconciliations", "run_id"),
        Index("ix_reconciliation_drifts_run_id", "organisation_id", "run_id"),
        Index("ix_reconciliation_drifts_number", "organisation_id", "module", "number"),
    )

    run_id: Mapped[int] = mapped_column(BigInteger)
    module: Mapped[str] = mapped_column(String(20))
    cause: Mapped[str] = mapped_column(String(20))
    local_id: Mapped[int | None] = mapped_column(BigInteger)
    remote_id: Mapped[str] = mapped_column(String(40), default="")
    label: Mapped[str] = mapped_column(String(200))
    number: Mapped[str] = mapped_column(String(100), default="", server_default=text("''"))
    ours: Mapped[str] = mapped_column(String(300), default="")
    theirs: Mapped[str] = mapped_column(String(300), default="")
    theirs_status: Mapped[str] = mapped_column(String(20), default="")
