"""What a customer hears when money goes back to them, or is asked for again: once, the way the invoice came."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices import holds
from portal.invoices.credit_notes.models import CreditNote, CreditRefund
from portal.invoices.mail import spoken
from portal.invoices.models import SENT, Invoice, PayLink
from portal.invoices.sendings import Target, target_of
from portal.messages.actions import queue_mail, queue_text
from portal.messages.models import Message
from portal.messages.rendering import render_mail
from portal.organisations.models import Organisation
from portal.payments.actions.deposits.sending import way_of
from portal.payments.actions.receipts import link_to
from portal.payments.actions.refunds import taken_by
from portal.payments.actions.reversal_news import link_back, request_of
from portal.payments.models import Payment
from portal.payments.queries import balance_of
from portal.payments.received import put_at_first
from portal.payments.refunds.models import Refund
from portal.payments.refunds.queries import bank_took_it, to_pay_again
from portal.payments.refunds.rules import way_back
from portal.shared import formats, phrases
from portal.shared.money import Money

KIND = "refund_news"


class _News(NamedTuple):
    """key: of its subject and its text message; line: keys of what the mail says, each with its amount."""

    once: str
    key: str
    amount: Money
    line: Sequence[tuple[str, Money]]
    number: str  # of what the link shows
    template: str = "payment_news"


def tell_of_refund(session: Session, refund: Refund) -> None:
    """As soon as it is sure that it goes, and after its credit notes: what is to pay again is told with it.

    Safe to repeat. Does not commit.
    """
    if _is_told(session, refund):
        return
    line = _said(refund.way, session.get_one(Payment, refund.payment_id).method)
    _tell_of(session, refund, _once(refund), "refund", line)


def tell_of_missed_refund(session: Session, refund: Refund) -> None:
    """It did not arrive after all: whoever heard that it goes hears that the firm has it again. Does not commit."""
    if _is_told(session, refund):
        _tell_of(session, refund, f"{_once(refund)}:missed", "not_reached", "not_reached_note")


def _once(refund: Refund) -> str:
    return f"refund:{refund.id}"


def _is_told(session: Session, refund: Refund) -> bool:
    return session.scalar(select(Message.id).where(Message.once == _once(refund))) is not None


def _tell_of(session: Session, refund: Refund, once: str, key: str, said: str) -> None:
    """said: key of the sentence about its amount."""
    payment = session.get_one(Payment, refund.payment_id)
    lost = [invoice_id for invoice_id, part in taken_by(session, refund).items() if part]
    ids = lost or [part.invoice_id for part in put_at_first(session, payment)]
    invoices = session.scalars(select(Invoice).where(Invoice.id.in_(ids)).order_by(Invoice.id)).all()
    organisation, customer = (
        session.get_one(Organisation, payment.organisation_id), session.get_one(Customer, payment.customer_id)
    )  # fmt: skip
    target = target_of(session, invoices[0], even_if_stopped=True) if invoices else _payer(session, payment, customer)
    if target is None:
        return
    open_ones = [each for each in invoices if each.status == SENT] or invoices
    again = _again(session, invoices, refund.amount)
    line = [(said, refund.all_of_it)] + ([("mail_still_to_pay", again)] if again else [])
    news = _News(once, key, refund.all_of_it, line, payment.number, "receipt_ended")
    _send(session, organisation, customer, target, news, invoices, link_back(
        session, organisation, payment, open_ones, target
    ))  # fmt: skip


def tell_of_credit_refund(session: Session, note: CreditNote, made: CreditRefund) -> None:
    """The same of what a credit note had left with the customer. Does not commit."""
    line = [(_said(made.way), made.amount)]
    _tell_of_invoice(session, session.get_one(Invoice, note.invoice_id), _News(
        f"credit-refund:{made.id}", "refund", made.amount, line, ""
    ))  # fmt: skip


def tell_of_asking(session: Session, invoice: Invoice, amount: Money, *, once: str) -> None:
    """Money of this invoice went back, and is to be paid again. Does not commit."""
    is_of_bank = bank_took_it(session, invoice.id)
    key, line = ("bank_took", "bank_took_note") if is_of_bank else ("asked_again", "went_back_note")
    _tell_of_invoice(session, invoice, _News(once, key, amount, [(line, amount)], ""))


def _said(way: str, method: str = "") -> str:
    """Key of the sentence about money that goes back this way: what Stripe gives back is on its way."""
    begins = "refund_going_note" if way == "stripe" else "refunded_note"
    return f"{begins}_{way_back(way, method)}"


def _tell_of_invoice(session: Session, invoice: Invoice, news: _News) -> None:
    target = target_of(session, invoice, even_if_stopped=True)
    if target is not None:
        organisation = session.get_one(Organisation, invoice.organisation_id)
        customer = session.get_one(Customer, invoice.customer_id)
        link = link_to(session, organisation, [invoice], target)
        _send(session, organisation, customer, target, news._replace(number=invoice.number or ""), [invoice], link)


def _payer(session: Session, payment: Payment, customer: Customer) -> Target | None:
    """Of money that paid no invoice: the way the deposit was asked for, else the customer's own address."""
    request = request_of(session, payment)
    way = way_of(session, request) if request else None
    if way is not None:
        return Target(way.channel, way.address, customer.language)
    return Target("email", customer.email, customer.language) if customer.email else None


def _again(session: Session, invoices: Sequence[Invoice], most: Money) -> Money:
    """What of it is asked for again now; nothing while a person of the firm has not decided yet."""
    zero = Money.zero(most.currency)
    asked = [
        max(to_pay_again(session, each.id, balance_of(session, each.id)), zero)
        for each in invoices
        if each.status == SENT and holds.BACK not in holds.standing_of(session, each.id)
    ]
    return Money.total(asked, most.currency)


def _send(
    session: Session, organisation: Organisation, customer: Customer, target: Target, news: _News,
    invoices: Sequence[Invoice], linked: tuple[PayLink | None, str],
) -> None:  # fmt: skip
    language = phrases.choose(target.language, organisation.locale)
    locale = language.locale(organisation.locale, organisation.country)
    amount, (link, link_url) = formats.money(news.amount, locale), linked
    facts = {"firm": organisation.name, "amount": amount, "number": ", ".join(each.number or "" for each in invoices)}
    subject = language.text(f"mail_{news.key}", **facts)
    record = ("invoice", invoices[0].id) if invoices else ("customer", customer.id)
    where: dict[str, Any] = {
        "once": news.once,
        "kind": KIND,
        "record": record[0],
        "record_id": record[1],
        "to": target.address,
    }
    if target.channel == "sms":
        words = f"{language.text(f'text_{news.key}', **facts)}\n{link_url}".strip()
        message_id = queue_text(session, organisation.id, **where, subject=subject, words=words, sent_by=None)
    else:
        line = [language.text(key, **facts | {"amount": formats.money(each, locale)}) for key, each in news.line]
        text, html = render_mail(
            news.template, **spoken(language, subject, organisation), lead=subject, amount=amount, link_url=link_url,
            greeting=language.text("mail_hello", name=customer.name), number=news.number, what="",
            line=" ".join(line),
        )  # fmt: skip
        message_id = queue_mail(
            session, organisation.id, **where, reply_to=organisation.email, from_name=organisation.name,
            subject=subject, text=text, html=html,
        )  # fmt: skip
    if link is not None:
        link.message_id = message_id
