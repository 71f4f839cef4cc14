"""Somebody tries out stolen cards: after so many refusals an invoice takes none for a day, unless a person says so."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.organisations import audit
from portal.organisations.models import AuditEntry
from portal.payments import queries, rules
from portal.payments.actions.booking import about_of
from portal.payments.actions.releases import release_deposit, release_invoice
from portal.payments.actions.staff_news import tell_of_closed_cards
from portal.payments.models import PaymentAttempt
from portal.payments.queries import PaidFor, paid_for_by
from portal.payments.refusals import CardRelease
from portal.payments.rules import PaymentUnderWay
from portal.shared import clock
from portal.shared.running import job_session

_CLOSED, _OPENED = "cards closed", "cards opened"


def close_after_declines(organisation_id: int, attempt_id: int) -> None:
    """Close the page at Stripe when too many cards were refused there, and say so on the invoice and by mail.

    Calls Stripe between short transactions of its own. Raises CannotPay, GatewayError for another try.
    """
    with job_session(organisation_id) as session:
        attempt = session.get_one(PaymentAttempt, attempt_id)
        paid_for, about = paid_for_by(attempt), about_of(session, attempt)
        if queries.refused_cards(session, paid_for) < rules.MOST_DECLINES:
            return
    release = release_invoice if paid_for.kind == "invoice" else release_deposit
    try:
        release(organisation_id, paid_for.id)
    except PaymentUnderWay:
        return  # a bank is just paying it: the page is closed already
    with job_session(organisation_id) as session:
        if not _is_told(session, *about):
            words = f"{rules.MOST_DECLINES} cards were refused: no card is taken for a day. Ask the customer how to pay"
            audit.note(session, organisation_id, _CLOSED, *about, words=words)
            tell_of_closed_cards(session, organisation_id, *about)


def take_cards_again(
    session: Session, organisation_id: int, paid_for: PaidFor, about: tuple[str, int], *, by: int
) -> None:  # fmt: skip
    """Before the day is over, because somebody of the firm has spoken to the customer. Does not commit.

    Nothing where they are taken anyway, so a second tap changes nothing.
    about  the record whose timeline tells of it
    """
    if queries.refused_cards(session, paid_for) < rules.MOST_DECLINES:
        return
    is_invoice = paid_for.kind == "invoice"
    session.add(
        CardRelease(
            organisation_id=organisation_id, invoice_id=paid_for.id if is_invoice else None,
            deposit_request_id=None if is_invoice else paid_for.id, released_by=by,
        )
    )  # fmt: skip
    audit.note(session, organisation_id, _OPENED, *about, words="Cards are taken again, before the day was over")


def _is_told(session: Session, record: str, record_id: int) -> bool:
    """Once for each time that it closes, not once for each card."""
    newest = select(func.max(AuditEntry.created_at)).where(
        AuditEntry.record == record, AuditEntry.record_id == record_id,
        AuditEntry.created_at > clock.now() - rules.DECLINES_WINDOW,
    )  # fmt: skip
    closed, opened = (session.scalar(newest.where(AuditEntry.action == each)) for each in (_CLOSED, _OPENED))
    return closed is not None and (opened is None or closed > opened)
