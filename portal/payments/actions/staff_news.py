"""What the firm hears by mail of money that is argued about or did not move, once each: whoever answers for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.invoices.models import Invoice
from portal.messages.actions import queue_mail
from portal.messages.rendering import long_date, render_mail
from portal.organisations.models import Organisation
from portal.payments.autopay.models import AutopayRun
from portal.payments.cash.models import Count, CountReversal, HandIn
from portal.payments.models import Payment
from portal.payments.refunds.models import Dispute, Refund
from portal.payments.rules import MOST_DECLINES
from portal.people.models import Person, Role
from portal.shared import clock, formats
from portal.shared.money import Money
from portal.shared.running import here
from portal.work_orders.models import WorkOrder

KIND = "staff_news"
_ASKED = {"needs_response": "opened", "warning_needs_response": "inquiry"}  # the bank waits for the firm's answer


@dataclass(frozen=True)
class News:
    """once names the occasion; lead and then are its sentences; place is the address of the page, below our own."""

    once: str
    title: str
    lead: str
    then: str
    button: str
    place: str
    record: str
    record_id: int


def _of_payment(payment: Payment, once: str, title: str, lead: str, then: str) -> News:
    return News(once, title, lead, then, "See the payment", f"/payments/{payment.id}", "payment", payment.id)


def tell_of_dispute(session: Session, payment: Payment, dispute: Dispute) -> None:
    """While the bank waits for an answer: of an inquiry, and again when it becomes a dispute. Does not commit."""
    stage = _ASKED.get(dispute.status)
    if stage is None:
        return
    organisation = session.get_one(Organisation, payment.organisation_id)
    amount = formats.money(dispute.amount, organisation.locale)
    until = _until(organisation, dispute)
    lead = f"The bank of the payer of receipt {payment.number} " + (
        f"asks about {amount}" if stage == "inquiry" else f"takes {amount} back"
    )
    _tell(
        session, organisation, _who_may(session, "refund"),
        News(
            f"dispute:{dispute.id}:{stage}", f"Answer the bank{until}: {amount} is disputed",
            f"{lead} ({dispute.reason.replace('_', ' ')}).",
            f"Answer it in the Stripe dashboard{until}; without an answer the money is lost. The evidence is ready.",
            "See the payment and its evidence", f"/payments/{payment.id}", "payment", payment.id,
        ),
    )  # fmt: skip


def tell_of_lost_money(session: Session, payment: Payment, dispute: Dispute) -> None:
    """A bank that took the payer's money back and hears no answer, as with debits. Does not commit."""
    organisation = session.get_one(Organisation, payment.organisation_id)
    amount = formats.money(dispute.amount, organisation.locale)
    _tell(
        session, organisation, _who_may(session, "refund"),
        _of_payment(
            payment,
            f"dispute:{dispute.id}:lost", f"The bank took {amount} back",
            f"The payer of receipt {payment.number} had it taken back ({dispute.reason.replace('_', ' ')}). There is"
            " nothing to answer.", "Speak to the customer, and say on the invoice whether it is to be paid again.",
        ),
    )  # fmt: skip


def tell_of_failed_refund(session: Session, payment: Payment, refund: Refund) -> None:
    """Whoever gave it back; everybody who may, where nobody here did. Does not commit."""
    organisation = session.get_one(Organisation, payment.organisation_id)
    amount = formats.money(refund.all_of_it, organisation.locale)
    gave = session.get(Person, refund.refunded_by) if refund.refunded_by else None
    told = [gave] if gave is not None and gave.is_active else _who_may(session, "refund")
    _tell(
        session, organisation, told,
        _of_payment(
            payment,
            f"refund-failed:{refund.id}", f"{amount} did not reach the customer",
            f"The refund of {amount} out of receipt {payment.number} did not arrive: {refund.last_error}",
            "The money is with the firm again, as before the refund. Give it back another way.",
        ),
    )  # fmt: skip


def tell_of_surplus(session: Session, payment: Payment, surplus: Money) -> None:
    """More came than was due, and the customer was told that the firm will be in touch. Does not commit."""
    organisation = session.get_one(Organisation, payment.organisation_id)
    shown = formats.money(surplus, organisation.locale)
    _tell(
        session, organisation, _who_may(session, "refund"),
        _of_payment(
            payment,
            f"surplus:{payment.id}", f"{shown} more came than was due",
            f"{shown} of receipt {payment.number} pays nothing: it is kept as the customer's credit.",
            "Put it to another invoice of theirs, give it back, or leave it as their credit, and tell the customer.",
        ),
    )  # fmt: skip


def tell_of_giving_twice(session: Session, payment: Payment, refund: Refund) -> None:
    """What left Stripe had been given back another way already. Does not commit."""
    organisation = session.get_one(Organisation, payment.organisation_id)
    shown = formats.money(refund.beyond, organisation.locale)
    how = "The bank took it back" if refund.way == "dispute" else "It was given back at Stripe"
    _tell(
        session, organisation, _who_may(session, "refund"),
        _of_payment(
            payment,
            f"given-twice:{refund.id}", f"{shown} went back twice",
            f"{how}, although {shown} of receipt {payment.number} had gone back another way already.",
            "Speak to the customer, and say with the payment how it was settled.",
        ),
    )  # fmt: skip


def tell_of_won_credit(session: Session, payment: Payment, refund: Refund, amount: Money) -> None:
    """A bank returned what its invoices do not ask for any more: a credit note, or other money, came between. Does not
    commit."""
    organisation = session.get_one(Organisation, payment.organisation_id)
    shown = formats.money(amount, organisation.locale)
    _tell(
        session, organisation, _who_may(session, "refund"),
        _of_payment(
            payment,
            f"won-credit:{refund.id}", f"The bank returned {shown} that pays nothing now",
            f"The dispute about receipt {payment.number} is decided for you. Meanwhile its invoice was credited or paid"
            f" otherwise, so {shown} of it is the customer's credit.",
            "Put it to another invoice of theirs, or give it back.",
        ),
    )  # fmt: skip


def tell_of_returned_debit(
    session: Session, payment: Payment, amount: Money, why: str, *, what: str, is_told: bool
) -> None:  # fmt: skip
    """what: the invoices that it had paid; is_told: the customer has been written to. Does not commit."""
    organisation = session.get_one(Organisation, payment.organisation_id)
    shown = formats.money(amount, organisation.locale)
    heard = "They have been written to." if is_told else "There is no address of this customer: call them."
    _tell(
        session, organisation, _who_may(session, "refund"),
        _of_payment(
            payment,
            f"debit-returned:{payment.id}", f"The bank took the debit of {shown} back",
            f"Receipt {payment.number} does not hold: {why}. Such a return cannot be argued about.",
            f"{what or 'What it had paid'} is to pay again. {heard}",
        ),
    )  # fmt: skip


def tell_of_refused_autopay(session: Session, invoice: Invoice, run: AutopayRun, *, is_told: bool) -> None:
    """is_told: the customer has been written to. Does not commit."""
    organisation = session.get_one(Organisation, invoice.organisation_id)
    again = "It is tried again in three days." if run.state == "waiting" else "The customer has to pay it themselves."
    heard = "They have been written to." if is_told else "There is no address of this customer: call them."
    _tell(
        session, organisation, _who_may(session, "see_board"),
        News(
            f"autopay-refused:{run.id}:{run.tries}", f"Automatic payment of {invoice.number} was refused",
            f"{run.words}, for {invoice.bill_to.get('name', '')}.", f"{again} {heard}",
            "See the invoice", f"/invoices/{invoice.id}", "invoice", invoice.id,
        ),
    )  # fmt: skip


def tell_of_closed_cards(session: Session, organisation_id: int, record: str, record_id: int) -> None:
    """Of an invoice, or a job whose deposit is asked for: somebody tries out cards. Does not commit."""
    organisation = session.get_one(Organisation, organisation_id)
    if record == "invoice":
        what, place = session.get_one(Invoice, record_id).number or "", f"/invoices/{record_id}"
    else:
        job = session.get_one(WorkOrder, record_id)
        what, place = f"the deposit for {job.number}", f"/work-orders/{record_id}/deposit-requests"
    _tell(
        session, organisation, _who_may(session, "see_board"),
        News(
            f"cards-closed:{record}:{record_id}:{clock.now():%y%m%d%H%M}", f"Cards are closed for {what}",
            f"{MOST_DECLINES} cards were refused within a day: somebody may be trying out stolen ones.",
            "No card is taken for it for a day. Speak to the customer: you can open it again, or take the money another"
            " way.", "See it", place, record, record_id,
        ),
    )  # fmt: skip


def tell_of_count_reversal(session: Session, hand_in: HandIn, count: Count, reversal: CountReversal) -> None:
    """Whoever had handed the cash in. Does not commit."""
    organisation, holder = (
        session.get_one(Organisation, hand_in.organisation_id), session.get_one(Person, hand_in.person_id)
    )  # fmt: skip
    counted = formats.money(count.counted, organisation.locale)
    by = session.get_one(Person, reversal.reversed_by).name
    _tell(
        session, organisation, [holder] if holder.is_active else [],
        News(
            f"count-reversed:{reversal.id}", f"The count of {counted} that you handed in was taken back",
            f"{by} took it back: {reversal.reason}", "It counts as yours again: look at it, and hand it in anew.",
            "See your cash", f"/cash/{holder.id}", "person", holder.id,
        ),
    )  # fmt: skip


def _until(organisation: Organisation, dispute: Dispute) -> str:
    if dispute.due_at is None:
        return ""
    due = clock.local(dispute.due_at, organisation.time_zone)
    return f" by {long_date(due.date(), organisation.locale)}, {due:%H:%M}"


def _who_may(session: Session, right: str) -> Sequence[Person]:
    return session.scalars(
        select(Person)
        .join(Role, (Role.organisation_id == Person.organisation_id) & (Role.name == Person.role))
        .where(Person.is_active, Role.rights.contains([right]))
        .order_by(Person.id)
    ).all()


def _tell(session: Session, organisation: Organisation, people: Iterable[Person], news: News) -> None:
    for person in people:
        text, html = render_mail(
            KIND, lang="en", title=news.title, firm=organisation.name, person=person.name, lead=news.lead,
            then=news.then, button=news.button, link_url=f"{here().settings.public_url}{news.place}",
        )  # fmt: skip
        queue_mail(
            session, organisation.id, once=f"{news.once}:{person.id}", kind=KIND, record=news.record,
            record_id=news.record_id, to=person.email, reply_to=organisation.email, from_name=organisation.name,
            subject=news.title, text=text, html=html,
        )  # fmt: skip
