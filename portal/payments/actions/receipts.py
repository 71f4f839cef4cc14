"""What thanks for a payment: once per payment, the way the invoice came, with a link of its own to the receipt."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from portal.invoices.mail import greeting
from portal.invoices.models import Invoice
from portal.invoices.pay_links import make_pay_link
from portal.invoices.sending import address_of
from portal.invoices.sendings import Target, target_of
from portal.messages.actions import queue_mail, queue_text
from portal.messages.rendering import long_date, render_mail
from portal.organisations.models import Organisation
from portal.payments.models import Payment
from portal.shared import formats
from portal.shared.money import Money
from portal.shared.running import here


def queue_receipt(
    session: Session, organisation: Organisation, invoice: Invoice, payment: Payment, surplus: Money, *, left: Money,
    also: Sequence[Invoice] = (),
) -> None:  # fmt: skip
    """The way the customer has the invoice, else to the address on it; nobody hears where there is none.

    Does not commit.

    left  still to pay on all that it paid
    also  the other invoices that this payment paid
    """
    on_file = str(invoice.bill_to.get("email") or "")
    target = target_of(session, invoice) or (Target("email", on_file) if on_file else None)
    if target is None:
        return
    locale, to = organisation.locale, target.address
    paid = [invoice, *also]
    link, token = make_pay_link(
        session, invoice, here().settings.vault, channel=target.channel, pay_link_days=organisation.pay_link_days,
        sent_to=to,
    )  # fmt: skip
    if target.channel == "sms":
        link.message_id = _text(session, organisation, paid, payment, to, address_of(token))
        return
    text, html = render_mail(
        "receipt", lang=locale[:2], title=f"Receipt {payment.number}", firm=organisation.name,
        phone=organisation.phone, greeting=greeting(invoice), amount=formats.money(payment.taken, locale),
        received_on=long_date(payment.received_on, locale), way=payment.reference, receipt_number=payment.number,
        number=", ".join(each.number or "" for each in paid), what="" if also else invoice.title,
        balance=formats.money(left, locale) if left else "",
        surplus=formats.money(surplus, locale) if surplus else "",
        link_url=address_of(token),
    )  # fmt: skip
    with session.no_autoflush:  # the link is written with its mail, in one statement
        link.message_id = queue_mail(
            session, organisation.id, once=f"receipt:{payment.id}", kind="receipt", record="invoice",
            record_id=invoice.id, to=to, reply_to=organisation.email, from_name=organisation.name,
            subject=f"Receipt {payment.number} from {organisation.name}", text=text, html=html,
            attachment=f"receipt:{payment.id}" if organisation.attach_papers else "", sent_by=payment.taken_by,
        )  # fmt: skip


def _text(
    session: Session, organisation: Organisation, paid: Sequence[Invoice], payment: Payment, to: str, link_url: str
) -> int | None:
    amount = formats.money(payment.taken, organisation.locale)
    numbers = ", ".join(each.number or "" for each in paid)
    with session.no_autoflush:
        return queue_text(
            session, organisation.id, once=f"receipt:{payment.id}", kind="receipt", record="invoice",
            record_id=paid[0].id, to=to, subject=f"Receipt {payment.number} by text message",
            words=f"{organisation.name}: thank you, {amount} for {numbers} has come in. Receipt: {link_url}",
            sent_by=payment.taken_by,
        )  # fmt: skip
