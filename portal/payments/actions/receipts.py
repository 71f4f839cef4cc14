"""The mail that thanks for a payment: once per payment, with a link of its own to the receipt."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from portal.invoices.mail import greeting
from portal.invoices.models import Invoice, PayLink
from portal.invoices.pay_links import make_pay_link
from portal.invoices.sending import address_of
from portal.messages.actions import queue_mail
from portal.messages.rendering import long_date, render_mail
from portal.organisations.models import Organisation
from portal.payments.models import Payment
from portal.shared import clock, formats
from portal.shared.money import Money
from portal.shared.running import here


def queue_receipt(
    session: Session, organisation: Organisation, invoice: Invoice, payment: Payment, surplus: Money, *, left: Money,
    also: Sequence[Invoice] = (),
) -> None:  # fmt: skip
    """To the address on the invoice; nobody is mailed where there is none. Does not commit.

    left  still to pay on all that it paid
    also  the other invoices that this payment paid
    """
    to = str(invoice.bill_to.get("email") or "")
    if not to:
        return
    locale = organisation.locale
    paid = [invoice, *also]
    link, token = _receipt_link(session, organisation, invoice, to)
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
            attachment=f"receipt:{payment.id}", sent_by=payment.taken_by,
        )  # fmt: skip


def _receipt_link(session: Session, organisation: Organisation, invoice: Invoice, to: str) -> tuple[PayLink, str]:
    """A link that lives as long from today as others live from the due date: who pays late has a receipt, too."""
    days = organisation.pay_link_days
    link, token = make_pay_link(
        session, invoice, here().settings.vault, channel="email", pay_link_days=days, sent_to=to
    )  # fmt: skip
    link.expires_at = max(link.expires_at, clock.now() + timedelta(days=days))
    return link, token
