"""A bank debit that was refused after days: what it was for is open again, and both sides hear of it."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices.joint import make_joint_link
from portal.invoices.mail import greeting, spoken
from portal.invoices.models import SENT, Invoice
from portal.invoices.pay_links import make_pay_link
from portal.invoices.sending import address_of
from portal.invoices.sendings import Target, target_of
from portal.messages.actions import queue_mail, queue_text
from portal.messages.rendering import render_mail
from portal.organisations.models import Organisation
from portal.payments.actions.booking import Locked
from portal.payments.actions.deposits.booking import LockedDeposit
from portal.payments.actions.deposits.sending import send_request, way_of
from portal.payments.actions.staff_news import tell_of_returned_debit
from portal.payments.deposit_queries import is_asked
from portal.payments.models import Payment, PaymentAttempt
from portal.shared import formats, phrases
from portal.shared.money import Money
from portal.shared.running import here
from portal.work_orders.models import WorkOrder

KIND = "debit_refused"


def tell_of_refusal(session: Session, family: Sequence[Locked]) -> None:
    """To the payer, the way they have the invoice, with a link to pay; to the firm, by mail. Once. Does not commit."""
    open_ones = [each.invoice for each in family if each.invoice.status == SENT]
    if not open_ones:
        return
    lead, organisation = family[0].attempt, family[0].organisation
    amount = Money.total((each.attempt.amount for each in family), lead.currency)
    target = target_of(session, open_ones[0], even_if_stopped=True)
    if target is not None:
        _tell_payer(session, organisation, open_ones, amount, target, once=f"debit_refused:{lead.id}")
    numbers, customer = _numbers(open_ones), session.get_one(Customer, open_ones[0].customer_id)
    _tell_firm(
        session, organisation, lead, customer, amount, title=f"The bank did not pay {numbers}",
        what=f"invoice {numbers}",
        is_told=target is not None, place=f"/invoices/{open_ones[0].id}", about=("invoice", open_ones[0].id),
    )  # fmt: skip


def tell_of_return(session: Session, payment: Payment, invoices: Sequence[Invoice], amount: Money, why: str) -> None:
    """A debit that had been paid, and was taken back by its bank: what it paid is open again. Does not commit."""
    organisation = session.get_one(Organisation, payment.organisation_id)
    open_ones = [each for each in invoices if each.status == SENT]
    target = target_of(session, open_ones[0], even_if_stopped=True) if open_ones else None
    if target is not None:
        _tell_payer(
            session, organisation, open_ones, amount, target, once=f"debit_returned:{payment.id}",
            line="mail_debit_returned_line",
        )  # fmt: skip
    tell_of_returned_debit(session, payment, amount, why, what=_numbers(open_ones), is_told=target is not None)


def tell_of_refused_deposit(session: Session, locked: LockedDeposit) -> None:
    """The same of a deposit that is still asked for. Does not commit."""
    attempt, request, _, organisation = locked
    if not is_asked(session, request):
        return
    way = way_of(session, request)
    if way is not None:
        send_request(session, organisation, request, way, by=None, is_refused=True)
    job = session.get_one(WorkOrder, request.work_order_id)
    _tell_firm(
        session, organisation, attempt, session.get_one(Customer, request.customer_id), attempt.amount,
        title=f"The bank did not pay the deposit for {job.number}", what=f"the deposit for {job.number}",
        is_told=way is not None, place=f"/work-orders/{job.id}/deposits", about=("customer", request.customer_id),
    )  # fmt: skip


def _tell_firm(
    session: Session, organisation: Organisation, attempt: PaymentAttempt, customer: Customer, amount: Money, *,
    title: str, what: str, is_told: bool, place: str, about: tuple[str, int],
) -> None:  # fmt: skip
    text, html = render_mail(
        KIND, lang="en", title=title, firm=organisation.name, phone="", customer=customer.name, is_told=is_told,
        amount=formats.money(amount, organisation.locale), what=what, link_url=f"{here().settings.public_url}{place}",
    )  # fmt: skip
    record, record_id = about
    queue_mail(
        session, organisation.id, once=f"debit_refused:{attempt.id}:firm", kind=KIND, record=record,
        record_id=record_id, to=organisation.email, reply_to=organisation.email, from_name=organisation.name,
        subject=title, text=text, html=html,
    )  # fmt: skip


def _tell_payer(
    session: Session, organisation: Organisation, invoices: Sequence[Invoice], amount: Money, target: Target, *,
    once: str, line: str = "mail_debit_failed_line",
) -> None:  # fmt: skip
    first = invoices[0]
    language = phrases.choose(target.language, organisation.locale)
    facts = {
        "number": _numbers(invoices), "firm": organisation.name,
        "amount": formats.money(amount, language.locale(organisation.locale, organisation.country)),
    }  # fmt: skip
    if len(invoices) > 1:
        link, link_url = make_joint_link(
            session, organisation, invoices, channel=target.channel, sent_to=target.address
        )  # fmt: skip
    else:
        link, token = make_pay_link(
            session, first, here().settings.vault, channel=target.channel, sent_to=target.address,
            pay_link_days=organisation.pay_link_days,
        )  # fmt: skip
        link_url = address_of(token)
    subject = language.text("mail_debit_failed", **facts)
    if target.channel == "sms":
        link.message_id = queue_text(
            session, organisation.id, once=once, kind=KIND, record="invoice", record_id=first.id, to=target.address,
            subject=subject, sent_by=first.raised_by,
            words=f"{language.text('text_debit_failed', **facts)}\n{link_url}",
        )  # fmt: skip
        return
    text, html = render_mail(
        "payment_news", **spoken(language, subject, organisation), greeting=greeting(first, language),
        number=facts["number"], what=first.title if len(invoices) == 1 else "", lead=subject, amount=facts["amount"],
        line=language.text(line, **facts), link_url=link_url,
    )  # fmt: skip
    link.message_id = queue_mail(
        session, organisation.id, once=once, kind=KIND, record="invoice", record_id=first.id, to=target.address,
        reply_to=organisation.email, from_name=organisation.name, subject=subject, text=text, html=html,
        sent_by=first.raised_by,
    )  # fmt: skip


def _numbers(invoices: Sequence[Invoice]) -> str:
    return ", ".join(str(each.number) for each in invoices)
