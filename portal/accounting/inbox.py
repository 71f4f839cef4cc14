"""What is not in the books: each record with its cause, what it waits for, and what was left out on purpose."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting import causes, rules, tokens
from portal.accounting.causes import Cause
from portal.accounting.mirror import credit_totals
from portal.accounting.mirror.modules import called
from portal.accounting.models import MirrorRecord
from portal.accounting.queries import MOST_SHOWN, Tied, names_of, tied_now
from portal.gateways.zoho.errors import LOCKED
from portal.invoices.credit_notes.models import CreditNote
from portal.organisations.models import Organisation
from portal.payments.models import Payment
from portal.shared import clock

_LISTED = (*rules.TROUBLED, "waiting", rules.LEFT_OUT_STATE)


@dataclass(frozen=True)
class Stuck:
    """One record of the inbox: what it is, and why it is not in the books.

    waits_behind  the record that it waits for, where that is in the inbox itself
    url           its page in Zoho, "" where it has none
    may_be_dated_today  its period is closed there, and it may go over with today's date instead
    beside        the number under which it may go over, as its own is taken there
    """

    id: int
    module: str
    local_id: int
    name: str
    state: str
    why: str
    cause: Cause
    waits_behind: int | None
    url: str
    may_be_dated_today: bool = False
    beside: str = ""
    may_be_accepted: bool = False

    @property
    def label(self) -> str:
        return f"{called(self.module)} {self.name}"

    @property
    def shown_state(self) -> str:
        """As the component mirror_state words it."""
        return "left_out" if self.state == rules.LEFT_OUT_STATE else self.state

    @property
    def may_be_left_out(self) -> bool:
        """An invoice that differs is in Zoho: there it is accepted or voided. What both sides changed is decided."""
        return self.state == "failed" or (self.state == "mismatch" and self.module != "invoice")


def stuck_records(session: Session, tied: Tied) -> list[Stuck]:
    """What failed, differs or waits, the gravest first; then what was left out. Two statements."""
    link = tied.link
    rows = session.scalars(
        select(MirrorRecord)
        .where(MirrorRecord.link_id == link.id, MirrorRecord.state.in_(_LISTED))
        .order_by(MirrorRecord.state == rules.LEFT_OUT_STATE, MirrorRecord.state == "waiting", MirrorRecord.id)
        .limit(MOST_SHOWN)
    ).all()
    found = _told(session, tied, rows) if rows else []
    return sorted(found, key=lambda one: (one.state == rules.LEFT_OUT_STATE, one.cause.rank, one.why, one.id))


def stuck_record(session: Session, record_id: int) -> tuple[MirrorRecord, Stuck] | None:
    """Any record of the live link, stuck or not."""
    tied = tied_now(session)
    record = session.get(MirrorRecord, record_id)
    if tied is None or record is None or record.link_id != tied.link.id:
        return None
    return record, _told(session, tied, [record])[0]


def _told(session: Session, tied: Tied, rows: Sequence[MirrorRecord]) -> list[Stuck]:
    link = tied.link
    named = names_of(session, [(row.module, row.local_id) for row in rows])
    names = {row.id: str(named.get((row.module, row.local_id), row.local_id)) for row in rows}
    blockers = {
        label: row.id for row in rows if row.state != "waiting" for label in causes.labels_of(row.module, names[row.id])
    }
    centre, of_today = tokens.centre_of(tied.consent), _dated_today(session, rows)
    return [
        Stuck(
            row.id, row.module, row.local_id, names[row.id], row.state, _why(row),
            causes.cause_of(row.module, row.state, row.last_error_code),
            blockers.get(row.waits_for) if row.state == "waiting" else None,
            centre.record_url(link.product, link.remote_organisation_id, row.module, row.remote_id or "")
            if row.remote_id else "",
            causes.may_be_dated_today(row.module, row.state, row.last_error_code, is_there=row.remote_id is not None,
                                       is_today=row.id in of_today),
            _beside(row, names[row.id]), credit_totals.may_be_accepted(row),
        )
        for row in rows
    ]  # fmt: skip


def _beside(row: MirrorRecord, name: str) -> str:
    number = rules.number_beside(name)
    is_there = row.remote_id is not None or row.remote_number == number
    return number if causes.may_go_beside(row.module, row.state, row.last_error_code, is_there=is_there) else ""


def _dated_today(session: Session, rows: Sequence[MirrorRecord]) -> set[int]:
    """Of those whose period is closed, which go over with today's date as it is. At most three statements."""
    locked = [row for row in rows if row.module in causes.DATED and row.last_error_code == LOCKED]
    if not locked:
        return set()
    today = clock.today(session.scalars(select(Organisation.time_zone)).one())
    ids = {module: [row.local_id for row in locked if row.module == module] for module in causes.DATED}
    payments = select(Payment.id).where(Payment.id.in_(ids["payment"]), Payment.received_on == today)
    notes = select(CreditNote.id).where(CreditNote.id.in_(ids["credit_note"]), CreditNote.issued_on == today)
    own = {"payment": set(session.scalars(payments)), "credit_note": set(session.scalars(notes))}
    return {row.id for row in locked if row.dated_on == today or row.local_id in own[row.module]}


def _why(row: MirrorRecord) -> str:
    if row.state == "waiting":
        return f"Waits for {row.waits_for}"
    return row.left_out_why if row.state == rules.LEFT_OUT_STATE else row.last_error
