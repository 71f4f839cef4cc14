"""Ending a tie, and going over to another organisation: what is in the old one stays there, and is remembered."""

from datetime import date

from sqlalchemy import Select, or_, select, update
from sqlalchemy.orm import Session, aliased

from portal.accounting import belonging, rules
from portal.accounting import link as linking
from portal.accounting.consents import GivenUp, give_up_all
from portal.accounting.models import Consent, Link
from portal.accounting.planned import actions as planned
from portal.invoices import holds
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.models import Invoice
from portal.organisations import audit
from portal.payments.models import Payment
from portal.shared import clock
from portal.shared.outbox import Change


def end_link(session: Session, link: Link, *, but: Consent | None = None) -> list[GivenUp]:
    """Archive the tie and erase all tokens `but` one's; mirror records stay. What is to be revoked at Zoho after
    the commit. Nothing where another press has ended it already."""
    linking.take_turn(session, link.organisation_id)
    session.refresh(link, with_for_update=True)  # a worker may hold it with a newer fence by now
    if link.archived_at is not None:
        return []
    link.archived_at = clock.now()
    link.lease_fence, link.lease_until = link.lease_fence + 1, None
    planned.end_with(session, link, but)
    holds.release(session, "unlinked")  # nothing compares them any more
    given_up = give_up_all(session, but)
    audit.note(
        session, link.organisation_id, "zoho unlinked", "link", link.id, words=f"{link.remote_name} disconnected",
        before={"organisation": link.remote_organisation_id, "name": link.remote_name},
    )  # fmt: skip
    return given_up


def switch(
    session: Session, old: Link, consent: Consent, candidate: rules.Candidate, *, cut_over_on: date,
    connected_by: int | None,
) -> tuple[Link, list[GivenUp]]:  # fmt: skip
    """Leave `old` and tie `candidate`. Invoices that are in the old one, or dated before `cut_over_on`, stay with it.
    Another press that was quicker with the same consent has done it all. Raises CannotLink. Does not commit."""
    linking.take_turn(session, old.organisation_id)
    live = linking.hold(session)
    if live is not None and live.consent_id == consent.id:
        linking.refuse_a_second_use(live, candidate)
        return live, []
    if live is None or live.id != old.id:
        raise linking.CannotLink("Somebody else has changed the link meanwhile. Look at it, then choose again.")
    given_up = end_link(session, old, but=consent)
    session.flush()
    link = linking.attach(session, consent, candidate, connected_by=connected_by)
    link.cut_over_on = cut_over_on
    session.flush()
    _tell_what_stays(session, link)
    audit.note(
        session, link.organisation_id, "zoho switched", "link", link.id,
        words=f"Gone over from {old.remote_name}: invoices from {cut_over_on:%-d %b %Y} on",
        before={"organisation": old.remote_organisation_id, "name": old.remote_name},
        after={"organisation": candidate.id, "name": candidate.name, "from": cut_over_on.isoformat()},
    )  # fmt: skip
    return link, given_up


def _tell_what_stays(session: Session, link: Link) -> None:
    """On the timelines of invoices that would go over by their day, and do not."""
    by_day = select(Invoice.id).where(Invoice.issued_on >= link.cut_over_on, belonging.stays(link.id))
    for invoice_id, home in belonging.homes(session, link.id, by_day).items():
        words = (
            f"Stays in {home.name}, where it is already. What changes from now on is not sent to {link.remote_name}."
        )
        audit.note(session, link.organisation_id, "invoice stays", "invoice", invoice_id, words=words)


def is_after_another(session: Session, link_id: int) -> bool:
    """May anything be no business of this link?"""
    return session.scalars(
        select(select(Link.id).where((Link.id != link_id) | Link.cut_over_on.is_not(None)).exists())
    ).one()


def settle_what_stays(session: Session, link_id: int) -> None:
    """What another organisation has, or is dated before the cut-over, is no business of this link. Where such money
    pays an invoice of this one, it is left out with the reason."""
    old = select(Invoice.id).where(belonging.stays(link_id))
    of_old = select(Payment.id).where(Payment.id.in_(_open("payment")), belonging.payment_stays(link_id))
    notes = select(CreditNote.id).where(CreditNote.id.in_(_open("credit_note")), belonging.note_stays(link_id))
    session.execute(
        update(Change)
        .where(~Change.is_settled)
        .where(
            or_(
                (Change.subject == "invoice") & Change.subject_id.in_(old),
                (Change.subject == "payment") & Change.subject_id.in_(of_old),
                (Change.subject == "credit_note") & Change.subject_id.in_(notes),
            )
        )
        .values(is_settled=True)
    )


def _open(module: str) -> Select[int]:
    """Only these are asked about: whoever went over years ago has many that are settled."""
    change = aliased(Change)
    return select(change.subject_id).where(~change.is_settled, change.subject == module)


def link_before(session: Session, link: Link) -> Link | None:
    """The organisation that was left for this one."""
    return session.scalars(
        select(Link).where(Link.id != link.id).order_by(Link.archived_at.desc().nulls_last()).limit(1)
    ).first()
