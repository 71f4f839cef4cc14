"""Autopay: begun with a payment, ended by either side, and each invoice announced before it is charged."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.invoices.queries import due_on, get_invoice
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.payments.actions.autopay_mail import queue_notice
from portal.payments.actions.card_news import tell_of_card
from portal.payments.autopay import queries, rules
from portal.payments.autopay.models import Autopay, AutopayRun
from portal.payments.cards.models import SavedCard
from portal.shared import clock, formats
from portal.shared.running import job_session

_AT_ONCE = 50
_LOOK_EVERY = timedelta(hours=1)


def begin_autopay(session: Session, card: SavedCard) -> None:
    """Later invoices are charged to this card. Expects the lock of its customer's cards. Does not commit."""
    standing = queries.standing_autopay(session, card.customer_id, lock=True)
    if standing is not None and standing.saved_card_id == card.id:
        return
    if standing is not None:
        _end(session, standing, by="card")
    session.add(
        Autopay(
            organisation_id=card.organisation_id, customer_id=card.customer_id, saved_card_id=card.id,
            look_at=clock.now(),
        )
    )  # fmt: skip
    session.flush()
    audit.note(
        session, card.organisation_id, "autopay begun", "customer", card.customer_id, by=audit.CUSTOMER,
        words=f"Automatic payment switched on, {card.words}",
    )  # fmt: skip


def end_autopay(session: Session, customer_id: int, *, by: str) -> None:
    """by: customer, staff or card. What is under way is still taken. Safe to repeat. Does not commit."""
    standing = queries.standing_autopay(session, customer_id, lock=True)
    if standing is not None:
        _end(session, standing, by=by)


def take_due_announcements(session: Session) -> list[int]:
    """Customers with autopay whose invoices are to be looked at, each put off to the next hour. Does not commit."""
    due = session.scalars(
        select(Autopay)
        .where(Autopay.ended_at.is_(None), Autopay.look_at <= clock.now())
        .order_by(Autopay.look_at)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for autopay in due:
        autopay.look_at = clock.now() + _LOOK_EVERY
    return [autopay.id for autopay in due]


def announce_invoices(organisation_id: int, autopay_id: int) -> None:
    """Tell the customer, by day, what will be charged and when: each invoice once, in a transaction of its own."""
    with job_session(organisation_id) as session:
        organisation = session.get_one(Organisation, organisation_id)
        if not rules.is_awake(clock.now().astimezone(ZoneInfo(organisation.time_zone))):
            return
        autopay = session.get_one(Autopay, autopay_id)
        today = clock.today(organisation.time_zone)
        found = queries.invoices_to_announce(session, autopay, today, most=_AT_ONCE)
    for invoice_id in found:
        with job_session(organisation_id) as session:
            _announce(session, session.get_one(Organisation, organisation_id), autopay_id, invoice_id)


def _announce(session: Session, organisation: Organisation, autopay_id: int, invoice_id: int) -> None:
    invoice = get_invoice(session, invoice_id, lock=True)
    autopay = session.get_one(Autopay, autopay_id, with_for_update=True)
    to_pay = due_on(session, invoice_id).to_pay
    if autopay.ended_at is not None or invoice.due_on is None or not to_pay:
        return
    day = rules.charge_day(invoice.due_on, clock.today(organisation.time_zone))
    run_id = session.scalar(
        insert(AutopayRun)
        .values(
            organisation_id=organisation.id, autopay_id=autopay_id, invoice_id=invoice_id,
            announced_minor=to_pay.minor, currency=to_pay.currency, charge_on=day,
            next_try_at=rules.charge_time(day, organisation.time_zone),
        )
        .on_conflict_do_nothing(index_elements=["organisation_id", "invoice_id"])
        .returning(AutopayRun.id)
    )  # fmt: skip
    if run_id is None:
        return
    run = session.get_one(AutopayRun, run_id)
    card = session.get_one(SavedCard, autopay.saved_card_id)
    run.message_id = queue_notice(session, organisation, invoice, run, card)
    if run.message_id is None:  # whom nobody can tell is not charged
        run.state, run.words = "stopped", "There is no address to announce the charge to."
    words = f"{formats.money(to_pay, organisation.locale)} will be charged to {card.words} on {day:%-d %B}"
    audit.note(
        session, organisation.id, "autopay announced", "invoice", invoice_id,
        words=run.words or f"Automatic payment announced: {words}",
    )  # fmt: skip


def _end(session: Session, autopay: Autopay, *, by: str) -> None:
    autopay.ended_at, autopay.ended_by = clock.now(), by
    session.flush()
    audit.note(
        session, autopay.organisation_id, "autopay ended", "customer", autopay.customer_id,
        words="Automatic payment switched off" + (": its card is gone" if by == "card" else ""),
        by=audit.CUSTOMER if by == "customer" else None,
    )  # fmt: skip
    if by == "customer":
        card = session.get_one(SavedCard, autopay.saved_card_id)
        tell_of_card(session, card, "autopay_ended", once=f"autopay_ended:{autopay.id}")
