"""Several invoices of one customer behind one link, sent so that they can be paid together."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import BigInteger, UniqueConstraint, not_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.customers.models import Customer
from portal.invoices.holds import stands
from portal.invoices.models import SENT, Invoice, InvoiceBalance, PayLink
from portal.invoices.pay_links import make_pay_link, reveal_token
from portal.invoices.sending import CannotSend, stop_link
from portal.messages.actions import queue_mail, queue_text
from portal.messages.rendering import render_mail
from portal.organisations import audit
from portal.organisations.logos import logo_address
from portal.organisations.models import Organisation
from portal.shared import clock, formats, phrases
from portal.shared.db import Base, Tenant, belongs_to
from portal.shared.money import Money
from portal.shared.running import here

MOST = 50  # invoices behind one link


class JointInvoice(Tenant, Base):
    """An invoice that a joint link shows. The link's own invoice is one of them: the one with the lowest id."""

    __tablename__ = "joint_invoices"
    __table_args__ = (
        belongs_to("pay_links", "pay_link_id"),
        belongs_to("invoices", "invoice_id"),
        UniqueConstraint("pay_link_id", "invoice_id"),
    )

    pay_link_id: Mapped[int] = mapped_column(BigInteger)
    invoice_id: Mapped[int] = mapped_column(BigInteger, index=True)


def make_joint_link(
    session: Session, organisation: Organisation, invoices: Sequence[Invoice], *, channel: str, sent_to: str = "",
    sent_by: int | None = None,
) -> tuple[PayLink, str]:  # fmt: skip
    """A new link to all of these and its address. Does not commit.

    invoices  sent ones of one customer, in one currency
    channel   screen | email | sms
    Raises CannotSend.
    """
    if not invoices or len(invoices) > MOST:
        raise CannotSend(f"Choose the invoices to be paid together: one at least, {MOST} at most.")
    if any(each.status != SENT for each in invoices) or len({(i.customer_id, i.currency) for i in invoices}) != 1:
        raise CannotSend("Only sent invoices of one customer, in one currency, can be paid together.")
    first = min(invoices, key=lambda each: each.id)
    days = organisation.pay_link_days
    link, token = make_pay_link(
        session, first, here().settings.vault, channel=channel, pay_link_days=days, sent_to=sent_to, created_by=sent_by
    )
    link.is_joint = True
    link.expires_at = max(link.expires_at, clock.now() + timedelta(days=days))
    session.flush()
    session.add_all(
        JointInvoice(organisation_id=organisation.id, pay_link_id=link.id, invoice_id=each.id) for each in invoices
    )
    return link, joint_address_of(token)


def mail_joint_link(
    session: Session, organisation: Organisation, invoices: Sequence[Invoice], email: str, *, sent_by: int | None
) -> None:
    """Mail a link to pay all of these at once, in the customer's language. Raises CannotSend. Does not commit."""
    link, address = make_joint_link(
        session, organisation, invoices, channel="email", sent_to=email, sent_by=sent_by
    )  # fmt: skip
    customer = session.get_one(Customer, invoices[0].customer_id)
    language = phrases.choose(customer.language, organisation.locale)
    locale = language.locale(organisation.locale, organisation.country)
    due = open_balances(session, [each.id for each in invoices])
    listed = [(str(each.number), formats.money(due[each.id], locale)) for each in invoices if each.id in due]
    total = formats.money(Money.total(due.values(), invoices[0].currency), locale)
    subject = language.text("mail_joint", firm=organisation.name)
    text, html = render_mail(
        "joint", lang=language.code, title=subject, firm=organisation.name, phone=organisation.phone, listed=listed,
        logo=logo_address(organisation), total=total, link_url=address,
        lead=language.text("joint_lead", name=customer.name),
        button=language.text("joint_button"), questions=language.text("mail_questions"),
        yours=language.text("mail_yours"), direction="rtl" if language.is_rtl else "ltr",
    )  # fmt: skip
    link.message_id = queue_mail(
        session, organisation.id, once=f"joint:{link.id}", kind="joint", record="invoice", record_id=invoices[0].id,
        to=email, reply_to=organisation.email, from_name=organisation.name, subject=subject, text=text, html=html,
        sent_by=sent_by,
    )  # fmt: skip
    for each in invoices:
        words = f"Asked to be paid together with others, by e-mail to {email}"
        audit.note(session, organisation.id, "invoice mailed", "invoice", each.id, words=words)


def text_joint_link(
    session: Session, organisation: Organisation, invoices: Sequence[Invoice], number: str, *, sent_by: int | None
) -> None:
    """The same in a text message. number: + and digits. Raises CannotSend. Does not commit."""
    link, address = make_joint_link(session, organisation, invoices, channel="sms", sent_to=number, sent_by=sent_by)
    language = phrases.choose(session.get_one(Customer, invoices[0].customer_id).language, organisation.locale)
    due = Money.total(open_balances(session, [each.id for each in invoices]).values(), invoices[0].currency)
    amount = formats.money(due, language.locale(organisation.locale, organisation.country))
    link.message_id = queue_text(
        session, organisation.id, once=f"joint:{link.id}", kind="joint", record="invoice", record_id=invoices[0].id,
        to=number, subject="Invoices to be paid together by text message", sent_by=sent_by,
        words=f"{language.text('text_joint', firm=organisation.name, amount=amount)}\n{address}",
    )  # fmt: skip
    for each in invoices:
        words = f"Asked to be paid together with others, by text message to {number}"
        audit.note(session, organisation.id, "invoice texted", "invoice", each.id, words=words)


def replace_joint_link(session: Session, organisation: Organisation, link: PayLink, *, by: int) -> None:
    """Stop a link and send another the same way, to what is still open. Raises CannotSend. Does not commit."""
    if link.revoked_at is not None:
        return
    invoices = still_open(session, link)
    if not invoices:
        raise CannotSend("There is nothing left to pay, so no new link is sent. Stop this one if it is in wrong hands.")
    stop_link(session, link)
    if link.channel == "email":
        mail_joint_link(session, organisation, invoices, link.sent_to, sent_by=by)
    elif link.channel == "sms":
        text_joint_link(session, organisation, invoices, link.sent_to, sent_by=by)
    else:
        make_joint_link(session, organisation, invoices, channel=link.channel, sent_by=by)


def open_balances(session: Session, invoice_ids: Sequence[int]) -> dict[int, Money]:
    """What is to pay on each of these that is sent and not paid, and neither disputed nor waiting for the firm; never
    what a bank is paying already."""
    to_pay = InvoiceBalance.balance_minor - InvoiceBalance.under_way_minor
    rows = session.execute(
        select(InvoiceBalance.invoice_id, to_pay.label("minor"), InvoiceBalance.currency)
        .join(Invoice, Invoice.id == InvoiceBalance.invoice_id)
        .where(Invoice.id.in_(invoice_ids), Invoice.status == SENT, to_pay > 0, not_(stands()))
    )
    return {row.invoice_id: Money(row.minor, row.currency) for row in rows}


def invoices_of(session: Session, link: PayLink) -> Sequence[Invoice]:
    """All that the link was sent for, paid and void ones, too, by their number in the database."""
    return session.scalars(
        select(Invoice)
        .join(JointInvoice, JointInvoice.invoice_id == Invoice.id)
        .where(JointInvoice.pay_link_id == link.id)
        .order_by(Invoice.id)
    ).all()


def still_open(session: Session, link: PayLink) -> list[Invoice]:
    """Of those behind the link, what is left to pay."""
    invoices = invoices_of(session, link)
    due = open_balances(session, [each.id for each in invoices])
    return [each for each in invoices if each.id in due]


def joint_address(link: PayLink) -> str:
    return joint_address_of(reveal_token(link, here().settings.vault))


def joint_address_of(token: str) -> str:
    return f"{here().settings.public_url}/t/{token}"
