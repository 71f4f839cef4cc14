"""After another organisation was left: what it lacks of what stays with it is written down, so that a person enters it.

Nobody brings it there any more. What a document that stays pays in the organisation of now is entered there by hand.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, delete, exists, or_, select
from sqlalchemy.orm import Session, aliased

from portal.accounting import belonging, rules, switching
from portal.accounting.by_hand import documents
from portal.accounting.by_hand.documents import Paper
from portal.accounting.by_hand.models import ByHand
from portal.accounting.by_hand.rules import (
    INVOICE,
    LOOK,
    MOVED,
    NEW,
    OFF,
    OWED,
    PUT,
    RETURNED,
    VOID,
    WRITTEN_OFF,
    Has,
    Step,
    lacking,
)
from portal.accounting.mirror import uses
from portal.accounting.mirror.push import WRITTEN_OFF as GIVEN_UP
from portal.accounting.models import Link, MirrorRecord
from portal.invoices import models as invoicing
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.models import Invoice
from portal.organisations import audit
from portal.payments.models import Payment
from portal.shared import outbox
from portal.shared.money import Money
from portal.shared.outbox import Change

AT_ONCE = 200
_AS_TOLD = {VOID: invoicing.VOID, WRITTEN_OFF: GIVEN_UP, OWED: invoicing.SENT, INVOICE: invoicing.SENT}
_TOLD_AS = {invoicing.VOID: VOID, GIVEN_UP: WRITTEN_OFF, invoicing.SENT: OWED}


def write_down(session: Session, link_id: int) -> bool:
    """Some of what stays elsewhere and has changed; its changes are settled. True where there is more. Does not commit.

    Told as a state is reached, never as a step: safe to be run again.
    """
    link = session.get_one(Link, link_id)
    _drop_what_goes_over(session, link_id)
    changes = session.execute(_changed(link_id).limit(AT_ONCE)).all()
    for module, local_id, version in changes:
        if module == "invoice":
            _tell_invoice(session, link, local_id)
        else:
            _tell_money(session, link, module, local_id)
        outbox.settle(session, link.organisation_id, module, local_id, version)
        session.flush()
    return len(changes) == AT_ONCE


def _drop_what_goes_over(session: Session, link_id: int) -> None:
    """Money that was listed while it paid nothing pays an invoice of this link by now: it goes there by itself."""
    of_it = (ByHand.module == "payment", ByHand.what == NEW, ByHand.invoice_id.is_(None), ByHand.link_id != link_id)
    stays = select(Payment.id).where(Payment.id == ByHand.local_id, belonging.payment_stays(link_id)).exists()
    session.execute(delete(ByHand).where(*of_it, ByHand.entered_at.is_(None), ~stays))


def _changed(link_id: int) -> Select[str, int, int]:
    """Changes of what stays, but for those that its organisation knows of, and what it may know of and nobody asked."""
    subject, subject_id = Change.subject, Change.subject_id
    stays = or_(
        (subject == "invoice") & subject_id.in_(select(Invoice.id).where(belonging.stays(link_id))),
        (subject == "payment") & subject_id.in_(select(Payment.id).where(belonging.payment_stays(link_id))),
        (subject == "credit_note") & subject_id.in_(select(CreditNote.id).where(belonging.note_stays(link_id))),
    )
    return (
        select(subject, subject_id, Change.version)
        .where(~Change.is_settled, stays, ~_is_known(link_id), ~_is_in_doubt(link_id))
        .order_by(subject != "invoice", Change.changed_at, subject_id)  # what pays one comes after it
    )


def _is_known(link_id: int) -> ColumnElement[bool]:
    there = aliased(MirrorRecord)
    is_equal = (there.state == "in_step") & (there.version_pushed >= Change.version)
    is_let_alone = there.snapshot["is_theirs"].as_boolean()
    return exists().where(_of_change(there), there.link_id != link_id, or_(is_equal, is_let_alone)).correlate(Change)


def _is_in_doubt(link_id: int) -> ColumnElement[bool]:
    """Held back (belonging.hold_back): somebody is to look there first, and takes it back when it is not there."""
    there, here = aliased(MirrorRecord), aliased(MirrorRecord)
    unanswered = (there.link_id != link_id) & there.remote_id.is_(None) & there.sending_since.is_not(None)
    is_held = exists().where(_of_change(here), here.link_id == link_id, here.state == rules.LEFT_OUT_STATE)
    return exists().where(_of_change(there), unanswered).correlate(Change) & is_held.correlate(Change)


def _of_change(record: type[MirrorRecord]) -> ColumnElement[bool]:
    return and_(record.module == Change.subject, record.local_id == Change.subject_id)


def _tell_invoice(session: Session, link: Link, invoice_id: int) -> None:
    """It is not there; or it was voided, written off, or is to be paid after all."""
    paper = documents.invoice(session, invoice_id)
    home = _home_of(session, link, "invoice", invoice_id, [invoice_id], paper.day) if paper is not None else None
    if paper is None or home is None:
        return
    record, told = _record(session, home, "invoice", invoice_id), _told(session, home, "invoice", invoice_id)
    known = _AS_TOLD[told[-1].what] if told else (record.remote_status or invoicing.SENT) if record else ""
    if paper.status == known or (paper.status == invoicing.VOID and not known):
        return
    if told and told[-1].entered_at is None and (told[-1].what != INVOICE or paper.status == invoicing.VOID):
        session.delete(told[-1])  # nobody has entered it, and now nobody needs to
        session.flush()
        _tell_invoice(session, link, invoice_id)
        return
    what = _TOLD_AS[paper.status] if known else INVOICE
    amount = paper.given_up if what == WRITTEN_OFF else paper.total
    _write(session, home, "invoice", invoice_id, paper, Step(what, amount.minor, invoice_id))


def _tell_money(session: Session, link: Link, module: str, local_id: int) -> None:
    """Of a payment or credit note: there what pays invoices that stay, and in the organisation of now the others."""
    paper = documents.money(session, module, local_id)
    if paper is None:
        return
    stayed = set(belonging.left_behind(session, link.id, list(paper.applied)))
    home = _home_of(session, link, module, local_id, sorted(stayed), paper.day)
    if home is not None:
        _tell_home(session, home, module, local_id, paper, stayed)
    moved = {each: minor for each, minor in paper.applied.items() if each not in stayed}
    told = _told(session, link, module, local_id)
    for step in lacking(moved, [], 0, Has(), [_step(each) for each in told]):
        if not _takes_back(session, told, step):
            _write(session, link, module, local_id, paper, step)


def _tell_home(
    session: Session, home: Link, module: str, local_id: int, paper: Paper, stayed: set[int]
) -> None:  # fmt: skip
    record, told = _record(session, home, module, local_id), _told(session, home, module, local_id)
    has = _has(session, record, paper)
    if has is None:
        if not any(each.what == LOOK and each.entered_at is None for each in told):
            _write(session, home, module, local_id, paper, Step(LOOK, paper.total.minor))
        return
    wanted = {each: minor for each, minor in paper.applied.items() if each in stayed}
    for step in lacking(wanted, paper.backs, paper.unused, has, [_step(each) for each in told]):
        if not _takes_back(session, told, step):
            _write(session, home, module, local_id, paper, step)


def _takes_back(session: Session, told: Sequence[ByHand], step: Step) -> bool:
    """It only undoes what nobody has entered yet: then neither is left to do, or less of that."""
    pairs = {PUT: OFF, OFF: PUT, MOVED: RETURNED, RETURNED: MOVED}
    for each in told:
        is_same = each.invoice_id == step.invoice_id and each.amount_minor == step.amount
        if is_same and each.what == pairs.get(step.what) and each.entered_at is None:
            session.delete(each)
            return True
        if step.what == MOVED and each.entered_at is None and (each.what, each.invoice_id) == (NEW, None):
            if each.amount_minor > step.amount:
                each.amount_minor -= step.amount
                return True
            if each.amount_minor == step.amount:
                session.delete(each)
                return True
    return False


def _home_of(
    session: Session, link: Link, module: str, local_id: int, invoice_ids: Sequence[int], day: date
) -> Link | None:  # fmt: skip
    """The organisation that it is to be entered in: where it is, where it was told to be entered, where the invoices
    are that it pays; else the one that was used on its day, or that was left for this."""
    own = belonging.homes(session, link.id, [local_id], module).get(local_id)
    found = own.link_id if own else None
    if found is None:
        before = select(ByHand.link_id).where(ByHand.module == module, ByHand.local_id == local_id)
        found = session.scalars(before.where(ByHand.link_id != link.id).order_by(ByHand.id).limit(1)).first()
    if found is None:
        homes = belonging.homes(session, link.id, invoice_ids)
        found = next((homes[each].link_id for each in invoice_ids if each in homes), None)
    if found is not None:
        return session.get_one(Link, found)
    return belonging.link_of_day(session, link, day) or switching.link_before(session, link)


def _has(session: Session, record: MirrorRecord | None, paper: Paper) -> Has | None:
    """None where nobody knows where its money is there."""
    if record is None:
        return Has()
    there = uses.from_text(record.snapshot)
    if there is None:
        return None
    of_ours = {
        str(remote_id): local_id
        for remote_id, local_id in session.execute(
            select(MirrorRecord.remote_id, MirrorRecord.local_id)
            .where(MirrorRecord.link_id == record.link_id, MirrorRecord.module == "invoice")
            .where(MirrorRecord.remote_id.in_(list(there.applied)))
        )
    }
    minor = {each: Money.rounded(amount, paper.currency).minor for each, amount in there.applied.items()}
    applied = {of_ours[each]: amount for each, amount in minor.items() if each in of_ours}
    given_back = sum(each.amount for each in paper.backs if each.reference in there.refunds)
    return Has(True, applied, frozenset(there.refunds), paper.total.minor - sum(minor.values()) - given_back)


def _record(session: Session, home: Link, module: str, local_id: int) -> MirrorRecord | None:
    """What reached that organisation, by this tie or an earlier one to the same."""
    ties = select(Link.id).where(Link.remote_organisation_id == home.remote_organisation_id)
    return session.scalars(
        select(MirrorRecord)
        .where(MirrorRecord.link_id.in_(ties), MirrorRecord.module == module, MirrorRecord.local_id == local_id)
        .where(MirrorRecord.remote_id.is_not(None))
        .order_by(MirrorRecord.id.desc())
        .limit(1)
    ).first()


def _told(session: Session, home: Link, module: str, local_id: int) -> Sequence[ByHand]:
    of_it = select(ByHand).where(ByHand.link_id == home.id, ByHand.module == module, ByHand.local_id == local_id)
    return session.scalars(of_it.order_by(ByHand.id)).all()


def _step(row: ByHand) -> Step:
    return Step(row.what, row.amount_minor, row.invoice_id, row.put_minor, row.reference)


def _write(session: Session, home: Link, module: str, local_id: int, paper: Paper, step: Step) -> None:
    back = paper.day_and_method.get(step.reference)
    on_day: date = back[0] if back else paper.day if step.what in (NEW, INVOICE) else paper.today
    row = ByHand(
        organisation_id=home.organisation_id, link_id=home.id, module=module, local_id=local_id,
        invoice_id=step.invoice_id, customer_id=paper.customer_id, what=step.what, label=paper.label[:200],
        reference=step.reference, amount_minor=step.amount, put_minor=step.put, currency=paper.currency,
        on_day=on_day, method=(back[1] if back else paper.method)[:40],
    )  # fmt: skip
    session.add(row)
    session.flush()
    if step.invoice_id is not None:
        words = f"To be entered by hand in {home.remote_name}: {documents.words_of(row)}"
        audit.note(session, home.organisation_id, "to enter by hand", "invoice", step.invoice_id, words=words)
