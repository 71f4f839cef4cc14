"""How far Zoho's changes have been read, and what only a person can decide about them."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.shared.db import Base, Tenant, belongs_to, referenced

FIELD, TWICE, GONE, STATUS = "field", "twice", "gone", "status"
KINDS = (FIELD, TWICE, GONE, STATUS)
# Fields of questions about a tax: its rate, its name, a new one, and one that was switched off or deleted.
RATE, NAME, NEW_TAX, OFF = "rate", "tax name", "new tax", "tax off"
# Fields of questions about an invoice that was opened again, and (followed by its id) about a refund.
REOPENED, REFUND = "reopened", "refund"
VOID = "void"  # the field of a question about an invoice that was voided there only
NOTE_VOID = "credit void"  # the same of a credit note
# Fields of questions about a payment: its money is on other invoices there, or it is of another amount.
USES, AMOUNT = "uses", "amount"
# Fields of questions about an invoice: less is to pay there, or something beside the money was changed there.
BALANCE, PAPER = "balance", "paper"
TOO_MUCH = "too much"  # the field of a question about a payment that Zoho refused, as less is open there
SECOND = "second"  # the field of a question about a payment that carries the reference of one that is there already
# Fields of questions about an invoice that was written off there only, or is to be paid there again.
WRITTEN_OFF, WRITE_OFF_OVER = "written off", "write-off over"
OTHER_NOTE = "credit note"  # the field of a question about a credit note there that can be none here
LOOSE = "loose credit"  # the field of a question about a credit note there that is over no invoice
AWAITED = "awaited"  # no question: a payment there whose customer is not here yet
PART = "part"  # the decision that a payment there is one of several in which ours was entered by hand
MERGED = "merged"  # the field of a question about a customer who is gone because he was merged into another


class PullCursor(Tenant, Base):
    """How far one module of a link has been read. Kept after each page, so that a reading that was killed goes on.

    since         changes up to here are known; the next reading begins a little earlier
    sure          up to here they are once the next reading has met nothing else (a list read in several pages)
    lower, page   where the reading under way goes on; lower is empty while there is none
    highest       the latest change that the reading under way has met
    began_at      when the reading under way began, or the last one
    looked_at     when the last reading that came to its end began: changes up to then are known here
    next_look_at  empty while the module goes one way only, or rests
    idle_looks    how many readings in a row found nothing
    """

    __tablename__ = "pull_cursors"
    __table_args__ = (belongs_to("links", "link_id"), UniqueConstraint("link_id", "module"))

    link_id: Mapped[int] = mapped_column(BigInteger)
    module: Mapped[str] = mapped_column(String(20))
    since: Mapped[datetime]
    sure: Mapped[datetime | None]
    lower: Mapped[datetime | None]
    page: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    highest: Mapped[datetime | None]
    began_at: Mapped[datetime | None]
    next_look_at: Mapped[datetime | None]
    looked_at: Mapped[datetime | None]
    idle_looks: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    calls: Mapped[int] = mapped_column(default=0, server_default=text("0"))  # of the last reading
    found: Mapped[int] = mapped_column(default=0, server_default=text("0"))  # how many changes it met
    problem: Mapped[str] = mapped_column(String(300), default="", server_default=text("''"))


class Question(Tenant, Base):
    """Something that only a person can decide: one difference of one record.

    kind      field (both sides changed it), twice (a payment that looks like one of ours), gone, status
    facts     what else is needed to carry the decision out
    decision  empty while it is open; settled where the two sides became equal by themselves
    """

    __tablename__ = "zoho_questions"
    __table_args__ = (
        referenced(),
        belongs_to("links", "link_id"),
        Index(
            "uq_zoho_questions_open", "link_id", "module", "remote_id", "kind", "field", unique=True,
            postgresql_where=text("decision = ''"),
        ),
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
    )  # fmt: skip

    link_id: Mapped[int] = mapped_column(BigInteger)
    module: Mapped[str] = mapped_column(String(20))
    local_id: Mapped[int | None] = mapped_column(BigInteger)
    remote_id: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(10))
    field: Mapped[str] = mapped_column(String(40), default="")
    ours: Mapped[str] = mapped_column(Text, default="")
    theirs: Mapped[str] = mapped_column(Text, default="")
    ours_by: Mapped[str] = mapped_column(String(200), default="")
    ours_at: Mapped[datetime | None]
    theirs_at: Mapped[datetime | None]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default=text("'{}'::jsonb"))
    decision: Mapped[str] = mapped_column(String(10), default="")
    decided_by: Mapped[str] = mapped_column(String(200), default="")
    decided_at: Mapped[datetime | None]
