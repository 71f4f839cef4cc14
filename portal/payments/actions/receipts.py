"""What thanks for a payment: once per payment, the way the invoice came, with a link of its own to the receipt."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from portal.invoices.balance import Due
from portal.invoices.joint import MOST, make_joint_link
from portal.invoices.mail import greeting, spoken
from portal.invoices.models import SENT, Invoice, PayLink
from portal.invoices.pay_links import make_pay_link
from portal.invoices.sending import address_of
from portal.invoices.sendings import Target, target_of
from portal.messages.actions import queue_mail, queue_text
from portal.messages.rendering import long_date, render_mail
from portal.organisations.models import Organisation
from portal.payments.models import Payment
from portal.payments.wording import way_in
from portal.shared import formats, phrases
from portal.shared.money import Money
from portal.shared.phrases import Language
from portal.shared.running import here


def queue_receipt(
    session: Session, organisation: Organisation, invoice: Invoice, payment: Payment, surplus: Money,
    after: Sequence[Due], *, also: Sequence[Invoice] = (), agreed: str = "",
) -> None:  # fmt: skip
    """The way the customer has the invoice, else to the address on it; nobody hears where there is none.

    Does not commit.

    after  how each that it paid stands now
    also  the other invoices that this payment paid
    agreed  what the customer agreed to with it about their card: in a mail it is told once more, with the way out
    """
    target = target_of(session, invoice, even_if_stopped=True)
    if target is None:
        return
    paid, to, language = [invoice, *also], target.address, phrases.choose(target.language, organisation.locale)
    locale = language.locale(organisation.locale, organisation.country)
    link, link_url = link_to(session, organisation, paid, target)
    left = Money.total((each.to_pay for each in after), invoice.currency)
    under_way = Money.total((each.under_way for each in after), invoice.currency)
    if target.channel == "sms":
        link.message_id = _text(session, organisation, language, paid, payment, to, link_url, left)
        return
    subject = language.text("mail_receipt", number=payment.number, firm=organisation.name)
    text, html = render_mail(
        "receipt", **spoken(language, subject, organisation), greeting=greeting(invoice, language),
        amount=formats.money(payment.taken, locale), received_on=long_date(payment.received_on, locale),
        way=way_in(language, payment.method, payment.reference), receipt_number=payment.number, number=_numbers(paid),
        what="" if also else invoice.title, balance=formats.money(left, locale) if left else "",
        surplus=formats.money(surplus, locale) if surplus else "", agreed=agreed, link_url=link_url,
        under_way=formats.money(under_way, locale) if under_way else "",
    )  # fmt: skip
    with session.no_autoflush:  # the link is written with its mail, in one statement
        link.message_id = queue_mail(
            session, organisation.id, once=f"receipt:{payment.id}", kind="receipt", record="invoice",
            record_id=invoice.id, to=to, reply_to=organisation.email, from_name=organisation.name,
            subject=subject, text=text, html=html,
            attachment=f"receipt:{payment.id}" if organisation.attach_papers else "", sent_by=payment.taken_by,
        )  # fmt: skip


def link_to(
    session: Session, organisation: Organisation, paid: Sequence[Invoice], target: Target
) -> tuple[PayLink, str]:  # fmt: skip
    """A link of its own to all that was paid, and its address: there the receipt is for ever."""
    if 1 < len(paid) <= MOST and all(each.status == SENT for each in paid):
        return make_joint_link(session, organisation, paid, channel=target.channel, sent_to=target.address)
    link, token = make_pay_link(
        session, paid[0], here().settings.vault, channel=target.channel, pay_link_days=organisation.pay_link_days,
        sent_to=target.address,
    )  # fmt: skip
    return link, address_of(token)


def _text(
    session: Session, organisation: Organisation, language: Language, paid: Sequence[Invoice], payment: Payment,
    to: str, link_url: str, left: Money,
) -> int | None:  # fmt: skip
    locale, amounts = language.locale(organisation.locale, organisation.country), {"amount": payment.taken}
    if left:
        amounts["left"] = left
    said = language.text(
        "text_receipt_part" if left else "text_receipt", firm=organisation.name, number=_numbers(paid),
        **{name: formats.money(amount, locale) for name, amount in amounts.items()},
    )  # fmt: skip
    with session.no_autoflush:
        return queue_text(
            session, organisation.id, once=f"receipt:{payment.id}", kind="receipt", record="invoice",
            record_id=paid[0].id, to=to, subject=f"Receipt {payment.number} by text message",
            words=f"{said}\n{link_url}", sent_by=payment.taken_by,
        )  # fmt: skip


def _numbers(paid: Sequence[Invoice]) -> str:
    return ", ".join(each.number or "" for each in paid)
