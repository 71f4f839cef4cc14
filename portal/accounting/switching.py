"""Ending a tie, and going over to another organisation: what is in the old one stays there, and is remembered."""

import logging
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, or_, select, update
from sqlalchemy.orm import Session, aliased

from portal.accounting import belonging, rules, straddling, tokens
from portal.accounting import link as linking
from portal.accounting.models import Consent, Link
from portal.gateways.errors import GatewayError
from portal.gateways.zoho import consent as zoho
from portal.gateways.zoho.data_centres import DataCentre
from portal.gateways.zoho.errors import ConsentLost
from portal.invoices import holds
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.models import Invoice
from portal.organisations import audit
from portal.payments.models import Payment
from portal.shared import clock
from portal.shared.outbox import Change

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class GivenUp:
    """A consent that is to be revoked at Zoho; here its tokens are erased already."""

    consent_id: int
    centre: DataCentre
    refresh_token: str


def end_link(session: Session, link: Link) -> GivenUp | None:
    """Archive the tie and erase its tokens; mirror records stay. What is to be revoked at Zoho after the commit."""
    session.refresh(link, with_for_update=True)  # a worker may hold it with a newer fence by now
    link.archived_at = clock.now()
    link.lease_fence, link.lease_until = link.lease_fence + 1, None
    holds.release(session, "unlinked")  # nothing compares them any more
    given_up = give_up(session.get_one(Consent, link.consent_id))
    audit.note(
        session, link.organisation_id, "zoho unlinked", "link", link.id, words=f"{link.remote_name} disconnected",
        before={"organisation": link.remote_organisation_id, "name": link.remote_name},
    )  # fmt: skip
    return given_up


def give_up(consent: Consent) -> GivenUp | None:
    """Erase its tokens here. What is to be revoked at Zoho after the commit."""
    given_up = _given_up(consent)
    consent.revoked_at = consent.revoked_at or clock.now()
    consent.refresh_token_sealed = consent.access_token_sealed = ""
    consent.access_expires_at = None
    return given_up


def give_back(given_up: GivenUp | None) -> None:
    """Tell Zoho that the consent is over. Best effort: we have erased our side in any case."""
    if given_up is None:
        return
    try:
        zoho.revoke(given_up.centre, given_up.refresh_token)
    except GatewayError as problem:
        log.warning(
            "consent not revoked at Zoho", extra={"consent": given_up.consent_id, "reason": type(problem).__name__}
        )


def switch(
    session: Session, old: Link, consent: Consent, candidate: rules.Candidate, *, cut_over_on: date,
    connected_by: int | None,
) -> tuple[Link, GivenUp | None]:  # fmt: skip
    """Leave `old` and tie `candidate`. Invoices that are in the old one, or dated before `cut_over_on`, stay with it.
    Does not commit."""
    given_up = end_link(session, old)
    session.flush()
    link = linking.attach(session, consent, candidate, connected_by=connected_by)
    link.cut_over_on = cut_over_on
    session.flush()
    _tell_what_stays(session, link)
    audit.note(
        session, link.organisation_id, "zoho switched", "link", link.id,
        words=f"Gone over from {old.remote_name}: invoices from {cut_over_on:%Y-%m-%d} on",
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


def settle_what_stays(session: Session, link_id: int) -> None:
    """What another organisation has, or is dated before the cut-over, is no business of this link. Where such money
    pays an invoice of this one, people are told what to enter by hand."""
    is_first = ~select(Link.id).where((Link.id != link_id) | Link.cut_over_on.is_not(None)).exists()
    if session.scalars(select(is_first)).one():
        return
    old = select(Invoice.id).where(belonging.stays(link_id))
    of_old = select(Payment.id).where(Payment.id.in_(_open("payment")), belonging.payment_stays(link_id))
    notes = select(CreditNote.id).where(CreditNote.id.in_(_open("credit_note")), belonging.note_stays(link_id))
    straddling.tell(session, link_id)
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


def _given_up(consent: Consent) -> GivenUp | None:
    if consent.revoked_at is not None or consent.lost_at is not None:
        return None
    try:
        return GivenUp(consent.id, tokens.centre_of(consent), tokens.refresh_token(consent))
    except ConsentLost:
        return None  # no key of ours opens it: nothing to revoke with
