"""What was sent about an invoice and what became of it: the links with their mails, and what could not be delivered."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select, true
from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices.joint import JointInvoice
from portal.invoices.models import Invoice, PayLink
from portal.invoices.queries import visible_to
from portal.messages.actions import queue_mail
from portal.messages.models import Message
from portal.messages.rendering import render_mail
from portal.organisations.models import Organisation
from portal.people.models import Person
from portal.shared import clock
from portal.shared.access import Viewer
from portal.shared.errors import NotFound
from portal.shared.phones import international
from portal.shared.running import here

_MOST_LISTED = 50
_LISTED = ("invoice", "customer")  # a link to choose a password goes to nobody but its person


class Sending(NamedTuple):
    """One link. message is what brought it; None for the one on the screen. who: None when it went by itself."""

    link: PayLink
    message: Message | None
    who: str | None

    @property
    def is_alive(self) -> bool:
        return self.link.revoked_at is None and self.link.expires_at > clock.now()

    @property
    def is_unseen(self) -> bool:
        return self.is_alive and not self.link.opens

    @property
    def failed(self) -> bool:
        return self.message is not None and self.message.state == "failed"


class Target(NamedTuple):
    """How a customer has an invoice: email or sms, to whom, and in which language; "" for the firm's."""

    channel: str
    address: str
    language: str


class Undelivered(NamedTuple):
    """A message that nobody got, and the invoice that it is about, where it is about one."""

    message: Message
    invoice: Invoice | None


def sendings_of(session: Session, invoice_id: int) -> Sequence[Sending]:
    """Newest first."""
    rows = session.execute(
        select(PayLink, Message, Person.name)
        .outerjoin(Message, Message.id == PayLink.message_id)
        .outerjoin(Person, Person.id == PayLink.created_by)
        .where(_leads_to(invoice_id))
        .order_by(PayLink.id.desc())
        .limit(_MOST_LISTED)
    ).all()
    return [Sending(*row) for row in rows]


def target_of(
    session: Session, invoice: Invoice, *, even_if_stopped: bool = False, on_file: bool = False
) -> Target | None:  # fmt: skip
    """The way the customer has the invoice: of the links that work and arrived the one last opened, else the newest.

    even_if_stopped  the mail on file also where every link is dead; else only where none but the screen's was made
    on_file          to a number of the customer's own: one to which the invoice was texted once may be somebody else's,
                     so an address on file goes before it
    None where there is no address. One statement where there are links by mail.
    """
    rows = session.execute(_WAYS, {"invoice_id": invoice.id, "customer_id": invoice.customer_id}).all()
    now = clock.now()
    alive = [way for way in rows if way.revoked_at is None and way.expires_at > now and way.state not in _LOST]
    address = str(invoice.bill_to.get("email") or "")
    if alive:
        ways = [Target(way.channel, way.sent_to, way.language) for way in alive]
        return _on_file(session, invoice, ways, address) if on_file else ways[0]
    if not address or (rows and not even_if_stopped):
        return None
    return Target("email", address, session.get_one(Customer, invoice.customer_id).language)


def _on_file(session: Session, invoice: Invoice, ways: Sequence[Target], email: str) -> Target:
    if ways[0].channel == "email":
        return ways[0]
    phone = str(invoice.bill_to.get("phone") or "") or session.get_one(Customer, invoice.customer_id).phone
    number = international(phone, session.get_one(Organisation, invoice.organisation_id).country)
    known = [way for way in ways if way.channel == "email" or way.address == f"+{number}"]
    if email:
        known.append(Target("email", email, ways[0].language))
    if number:
        known.append(Target("sms", f"+{number}", ways[0].language))
    return (known or ways)[0]


_LOST = ("failed", "cancelled")
_WAYS = (
    select(
        PayLink.channel, PayLink.sent_to, PayLink.revoked_at, PayLink.expires_at, Message.state, Customer.language
    )
    .select_from(PayLink)
    .join(Customer, Customer.id == bindparam("customer_id"))
    .outerjoin(Message, Message.id == PayLink.message_id)
    .where(PayLink.invoice_id == bindparam("invoice_id"), PayLink.channel != "screen")
    .order_by(PayLink.last_opened_at.desc().nulls_last(), PayLink.id.desc())
    .limit(_MOST_LISTED)
)  # fmt: skip


def get_link(session: Session, invoice_id: int, pay_link_id: int) -> PayLink:
    """With its row lock. Raises NotFound."""
    link = session.scalars(
        select(PayLink).where(PayLink.id == pay_link_id, _leads_to(invoice_id)).with_for_update()
    ).one_or_none()
    if link is None:
        raise NotFound
    return link


def undelivered(session: Session, viewer: Viewer) -> Sequence[Undelivered]:
    """What this person may see of it and nobody has seen to, newest first."""
    rows = session.execute(_open(viewer).order_by(Message.id.desc()).limit(_MOST_LISTED)).all()
    return [Undelivered(row[0], row[1]) for row in rows]


def count_undelivered(session: Session, viewer: Viewer) -> int:
    return session.scalar(select(func.count()).select_from(_open(viewer).subquery())) or 0


def get_undelivered(session: Session, viewer: Viewer, message_id: int) -> Undelivered:
    """With the message's row lock; also one that was seen to, for the second tap. Raises NotFound."""
    row = session.execute(_failed(viewer).where(Message.id == message_id).with_for_update(of=Message)).one_or_none()
    if row is None:
        raise NotFound
    return Undelivered(row[0], row[1])


def follow_to(session: Session, message: Message, again_id: int, to: str) -> None:
    """The link that a failed message was to bring now travels with another one. Does not commit."""
    for link in session.scalars(select(PayLink).where(PayLink.message_id == message.id)):
        link.message_id, link.sent_to = again_id, to


def tell_sender(session: Session, message: Message) -> None:
    """Mail the person who sent what could not be delivered, once. Does not commit."""
    person = session.get(Person, message.sent_by) if message.sent_by is not None else None
    if person is None or not person.is_active or message.kind == "undelivered":
        return
    organisation = session.get_one(Organisation, message.organisation_id)
    text, html = render_mail(
        "undelivered", lang=organisation.locale[:2], title="Not delivered", firm=organisation.name, phone="",
        person=person.name, subject=message.subject, to=message.to_address, why=message.last_error,
        link_url=f"{here().settings.public_url}/{'undelivered' if message.record in _LISTED else 'people'}",
    )  # fmt: skip
    queue_mail(
        session, organisation.id, once=f"undelivered:{message.id}", kind="undelivered", record=message.record,
        record_id=message.record_id, to=person.email, reply_to="", from_name=organisation.name,
        subject=f"Not delivered: {message.subject}", text=text, html=html,
    )  # fmt: skip


def _leads_to(invoice_id: int) -> ColumnElement[bool]:
    """A link of this invoice alone, or one that shows it together with others."""
    joint = select(JointInvoice.pay_link_id).where(JointInvoice.invoice_id == invoice_id)
    return or_(PayLink.invoice_id == invoice_id, PayLink.id.in_(joint))


def _open(viewer: Viewer) -> Select[Message, Invoice]:
    return _failed(viewer).where(Message.dealt_with_at.is_(None))


def _failed(viewer: Viewer) -> Select[Message, Invoice]:
    about: ColumnElement[bool] = and_(Message.record == "invoice", Message.record_id == Invoice.id)
    seen = true() if viewer.may("see_all_work_orders") else or_(
        Message.sent_by == viewer.id, and_(Invoice.id.is_not(None), visible_to(viewer))
    )  # fmt: skip
    return (
        select(Message, Invoice)
        .outerjoin(Invoice, about)
        .where(Message.record.in_(_LISTED), Message.state == "failed", Message.kind != "undelivered", seen)
    )
