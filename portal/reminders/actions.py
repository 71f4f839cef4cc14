"""Taking the steps that are due: a row, a link and a message in one transaction, so that none is taken by halves."""

import logging
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.invoices.mail import greeting, spoken
from portal.invoices.models import Invoice, PayLink
from portal.invoices.pay_links import make_pay_link
from portal.invoices.queries import balance_of, get_invoice
from portal.invoices.sending import address_of
from portal.invoices.sendings import Target, target_of
from portal.messages.actions import queue_mail, queue_text
from portal.messages.models import Message
from portal.messages.rendering import long_date, render_mail
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.organisations.places import time_zone_of
from portal.reminders import queries, rules
from portal.reminders.models import Reminder, ReminderPlan
from portal.shared import clock, formats, phrases
from portal.shared.running import here, job_session

log = logging.getLogger(__name__)

KIND = "reminder"
_LOOK_EVERY = timedelta(minutes=10)
_AT_ONCE = 100


def take_due_steps(organisation_id: int) -> None:
    """Take every step of this firm that is due now. Safe twice and at the same time; one that fails holds up nobody."""
    with job_session(organisation_id) as session:
        plan = queries.plan_of(session)
        if plan is None or not plan.is_on or plan.look_at > clock.now():
            return
    after = 0
    while found := _found(organisation_id, after):
        for invoice_id in found:
            try:
                _take_step(organisation_id, invoice_id)
            except Exception:
                log.exception("reminder could not be made", extra={"invoice_id": invoice_id})
        after = found[-1]
    with job_session(organisation_id) as session:  # only now: a worker that dies on the way leaves the plan due
        plan = queries.plan_of(session)
        if plan is not None:
            plan.look_at = clock.now() + _LOOK_EVERY


def may_leave(session: Session, message_id: int) -> bool:
    """Just before a message is sent: False for a reminder of what needs none any more, or whose link is dead."""
    message = session.get_one(Message, message_id)
    if message.kind != KIND:
        return True
    link = session.query(PayLink).filter(PayLink.message_id == message_id).one_or_none()
    is_alive = link is not None and link.revoked_at is None and link.expires_at > clock.now()
    return is_alive and queries.is_still_open(session, message.record_id)


def edit_plan(
    session: Session, organisation: Organisation, *, is_on: bool, days: list[int], from_hour: int, until_hour: int,
    words: str,
) -> None:  # fmt: skip
    """Does not commit."""
    plan = queries.plan_of(session)
    today = clock.today(organisation.time_zone)
    if plan is None:
        plan = ReminderPlan(organisation_id=organisation.id, is_on=False, started_on=today, look_at=clock.now())
        session.add(plan)
    if is_on and not plan.is_on:
        plan.started_on = today
    plan.is_on, plan.days, plan.words = is_on, sorted(days), words
    plan.from_hour, plan.until_hour, plan.look_at = from_hour, until_hour, clock.now()
    said = "Customers are reminded " + ", ".join(rules.day_words(step) for step in plan.days)
    audit.note(
        session, organisation.id, "reminders set", "organisation", organisation.id,
        words=said if is_on else "Reminders are off",
    )  # fmt: skip


def time_zone_for(organisation: Organisation, invoice: Invoice) -> str:
    """Where the customer's clock stands, as far as the country on the invoice tells; else the firm's."""
    country = str(invoice.bill_to.get("country") or "")
    if not country or country == organisation.country:
        return organisation.time_zone
    return time_zone_of(country) or organisation.time_zone


def _found(organisation_id: int, after: int) -> list[int]:
    with job_session(organisation_id) as session:
        plan = queries.plan_of(session)
        if plan is None or not plan.is_on:
            return []
        latest = clock.now().date() + timedelta(days=1)  # the furthest east it is tomorrow
        return list(queries.invoices_to_remind(session, plan, latest, after=after, most=_AT_ONCE))


def _take_step(organisation_id: int, invoice_id: int) -> None:
    with job_session(organisation_id) as session:
        invoice = get_invoice(session, invoice_id, lock=True)  # a payment is booked before this, or after it
        plan, organisation = queries.plan_of(session), session.get_one(Organisation, organisation_id)
        if plan is None or not plan.is_on or not queries.is_still_open(session, invoice_id):
            return
        step = _step_now(session, plan, organisation, invoice)
        target = target_of(session, invoice, on_file=True) if step is not None else None
        if step is None or target is None or not _claim(session, invoice, step):
            return
        _remind(session, organisation, plan, invoice, step, target)


def _step_now(session: Session, plan: ReminderPlan, organisation: Organisation, invoice: Invoice) -> int | None:
    local = clock.now().astimezone(ZoneInfo(time_zone_for(organisation, invoice)))
    if (
        invoice.due_on is None
        or invoice.issued_on is None
        or not rules.is_awake(local, plan.from_hour, plan.until_hour)
    ):
        return None
    step = rules.newest_step(
        plan.days, due_on=invoice.due_on, issued_on=invoice.issued_on, started_on=plan.started_on, today=local.date()
    )
    last = queries.last_step(session, invoice.id)
    return step if step is not None and (last is None or step > last) else None


def _claim(session: Session, invoice: Invoice, step: int) -> bool:
    fresh = insert(Reminder).values(organisation_id=invoice.organisation_id, invoice_id=invoice.id, step=step)
    taken = fresh.on_conflict_do_nothing(index_elements=["organisation_id", "invoice_id", "step"]).returning(
        Reminder.id
    )
    return session.execute(taken).scalar_one_or_none() is not None


def _remind(
    session: Session, organisation: Organisation, plan: ReminderPlan, invoice: Invoice, step: int, target: Target
) -> None:
    link, token = make_pay_link(
        session, invoice, here().settings.vault, channel=target.channel, pay_link_days=organisation.pay_link_days,
        sent_to=target.address,
    )  # fmt: skip
    link.message_id = _queue(session, organisation, plan, invoice, step, target, address_of(token))
    session.flush()
    taken = session.query(Reminder).filter(Reminder.invoice_id == invoice.id, Reminder.step == step).one()
    taken.message_id = link.message_id
    audit.note(
        session, organisation.id, "reminder made", "invoice", invoice.id,
        words=f"Reminder {rules.day_words(step)}, to {target.address}",
    )  # fmt: skip


def _queue(
    session: Session,
    organisation: Organisation,
    plan: ReminderPlan,
    invoice: Invoice,
    step: int,
    target: Target,
    link_url: str,
) -> int | None:
    language = phrases.choose(target.language, organisation.locale)
    locale = language.locale(organisation.locale, organisation.country)
    due_on = long_date(invoice.due_on or clock.today(organisation.time_zone), locale)
    amount = formats.money(balance_of(invoice).to_pay, locale)
    subject = language.text("mail_reminder", number=invoice.number, firm=organisation.name)
    if target.channel == "sms":
        said = language.text(
            "text_reminder", firm=organisation.name, number=invoice.number, amount=amount, day=due_on
        )  # fmt: skip
        return queue_text(
            session, organisation.id, once=f"reminder:{invoice.id}:{step}", kind=KIND, record="invoice",
            record_id=invoice.id, to=target.address, subject=subject, sent_by=invoice.raised_by,
            words=f"{said}\n{link_url}",
        )  # fmt: skip
    text, html = render_mail(
        KIND, **spoken(language, subject, organisation), greeting=greeting(invoice, language), number=invoice.number,
        what=invoice.title, words=plan.words, when=language.text(_when(step), day=due_on), amount=amount,
        link_url=link_url,
    )  # fmt: skip
    return queue_mail(
        session, organisation.id, once=f"reminder:{invoice.id}:{step}", kind=KIND, record="invoice",
        record_id=invoice.id, to=target.address, reply_to=organisation.email, from_name=organisation.name,
        subject=subject, text=text, html=html, sent_by=invoice.raised_by,
    )  # fmt: skip


def _when(step: int) -> str:
    return "mail_due_on" if step < 0 else "mail_due_today" if step == 0 else "mail_was_due"
