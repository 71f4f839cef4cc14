"""A receipt that does not count any more: whoever was sent it is told, the same way."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices.mail import spoken
from portal.invoices.models import SENT, Invoice, PayLink
from portal.invoices.pay_links import make_deposit_link
from portal.invoices.queries import due_on, get_invoice
from portal.invoices.sendings import Target
from portal.messages.actions import queue_mail, queue_text
from portal.messages.models import Message
from portal.messages.rendering import long_date, render_mail
from portal.organisations.models import Organisation
from portal.payments import queries
from portal.payments.actions.deposits.sending import deposit_address_of
from portal.payments.actions.receipts import link_to, queue_receipt
from portal.payments.deposits import Deposit, DepositRequest
from portal.payments.models import Payment
from portal.shared import clock, formats, phrases
from portal.shared.money import Money
from portal.shared.running import here

KIND = "receipt_ended"
_NOBODY_READ = ("failed", "cancelled")


def tell_of_reversal(session: Session, payment: Payment, reason: str, invoices: Sequence[Invoice]) -> None:
    """With a link of its own to what paid and to its receipt, which says so, too. Once. Does not commit.

    invoices  what it had paid
    """
    sent = session.scalars(select(Message).where(Message.once == f"receipt:{payment.id}")).one_or_none()
    if sent is None or sent.state in _NOBODY_READ:
        return
    organisation, customer = session.get_one(Organisation, payment.organisation_id), _payer(session, payment)
    target = Target(sent.channel, sent.to_address, customer.language)
    link, link_url = link_back(
        session, organisation, payment, [each for each in invoices if each.status == SENT], target
    )
    language = phrases.choose(customer.language, organisation.locale)
    locale = language.locale(organisation.locale, organisation.country)
    amount, once = formats.money(payment.taken, locale), f"{KIND}:{payment.id}"
    subject = language.text("mail_taken_back", number=payment.number, firm=organisation.name)
    if sent.channel == "sms":
        said = language.text("text_taken_back", number=payment.number, firm=organisation.name, amount=amount)
        message_id = queue_text(
            session, organisation.id, once=once, kind=KIND, record=sent.record, record_id=sent.record_id,
            to=sent.to_address, subject=subject, words=f"{said}\n{link_url}".strip(), sent_by=sent.sent_by,
        )  # fmt: skip
    else:
        day = long_date(clock.today(organisation.time_zone), locale)
        text, html = render_mail(
            KIND, **spoken(language, subject, organisation), lead=subject, amount=amount, link_url=link_url,
            greeting=language.text("mail_hello", name=customer.name), number=payment.number,
            line=language.text("mail_taken_back_line", day=day, reason=reason),
        )  # fmt: skip
        message_id = queue_mail(
            session, organisation.id, once=once, kind=KIND, record=sent.record, record_id=sent.record_id,
            to=sent.to_address, reply_to=organisation.email, from_name=organisation.name, subject=subject, text=text,
            html=html, sent_by=sent.sent_by,
        )  # fmt: skip
    if link is not None:
        link.message_id = message_id


def send_in_its_place(session: Session, ended_id: int, payment: Payment) -> None:
    """Whoever was told that the receipt of `ended_id` counts no more gets the one that counts instead. Once; nobody
    where it pays no invoice. Does not commit."""
    told = select(Message.id).where(Message.once == f"{KIND}:{ended_id}")
    parts = queries.allocations_of(session, [payment.id])[payment.id]
    if session.scalars(told).one_or_none() is None or not parts:
        return
    organisation = session.get_one(Organisation, payment.organisation_id)
    paid = [get_invoice(session, part.invoice_id) for part in parts]
    surplus = payment.amount - Money.total([part.amount for part in parts], payment.currency)
    after = [due_on(session, each.id) for each in paid]
    queue_receipt(session, organisation, paid[0], payment, surplus, after, also=paid[1:])


def _payer(session: Session, payment: Payment) -> Customer:
    return session.get_one(Customer, payment.customer_id)


def link_back(
    session: Session, organisation: Organisation, payment: Payment, invoices: Sequence[Invoice], target: Target
) -> tuple[PayLink | None, str]:  # fmt: skip
    """To the invoices, else to the deposit that was asked for; a deposit that was just taken has no page."""
    if invoices:
        return link_to(session, organisation, invoices, target)
    request = request_of(session, payment)
    if request is None:
        return None, ""
    link, token = make_deposit_link(
        session, organisation.id, request.id, here().settings.vault, channel=target.channel, sent_to=target.address,
        pay_link_days=organisation.pay_link_days,
    )  # fmt: skip
    return link, deposit_address_of(token)


def request_of(session: Session, payment: Payment) -> DepositRequest | None:
    """What asked for this deposit, if it is one and was asked for."""
    return session.scalars(
        select(DepositRequest)
        .join(Deposit, Deposit.deposit_request_id == DepositRequest.id)
        .where(Deposit.payment_id == payment.id)
    ).one_or_none()
