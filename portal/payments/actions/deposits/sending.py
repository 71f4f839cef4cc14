"""The link to a deposit on its way to the customer: on the screen, by mail, by text message, in their language."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices.mail import spoken
from portal.invoices.models import PayLink
from portal.invoices.pay_links import make_deposit_link, reveal_token
from portal.invoices.sendings import Sending
from portal.messages.actions import queue_mail, queue_text
from portal.messages.rendering import render_mail
from portal.messages.texts import sms_account
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.payments.deposit_queries import left_of
from portal.payments.deposits import DepositRequest
from portal.shared import formats, phrases
from portal.shared.errors import RuleBroken
from portal.shared.running import here
from portal.work_orders.models import WorkOrder


class CannotAsk(RuleBroken):
    """No deposit can be asked for like this; the sentence is for staff."""


class Way(NamedTuple):
    """How a link goes to the customer. channel: screen | email | sms; address: "" for the screen."""

    channel: str
    address: str = ""


def send_request(
    session: Session, organisation: Organisation, request: DepositRequest, way: Way, *, by: int | None,
    is_refused: bool = False,
) -> PayLink:  # fmt: skip
    """A new link to it, in the customer's language. Does not commit. Raises CannotAsk.

    is_refused  a bank did not pay it after all: the message says that
    """
    if way.channel == "sms" and sms_account(session) is None:
        raise CannotAsk("Your firm has no account for text messages yet. An administrator connects one under Settings.")
    link, token = make_deposit_link(
        session, organisation.id, request.id, here().settings.vault, channel=way.channel, sent_to=way.address,
        pay_link_days=organisation.pay_link_days, created_by=by,
    )  # fmt: skip
    session.flush()
    if way.channel != "screen":
        link.message_id = _send(session, organisation, request, way, link, deposit_address_of(token), by, is_refused)
        words = f"The link to the deposit is on its way to {way.address}"
        audit.note(session, organisation.id, "deposit link sent", "work_order", request.work_order_id, words=words)
    return link


def way_of(session: Session, request: DepositRequest) -> Way | None:
    """How the customer has it: the newest link that reached them, else their own address; None where there is none."""
    found = session.execute(
        select(PayLink.channel, PayLink.sent_to)
        .where(PayLink.deposit_request_id == request.id, PayLink.channel != "screen", PayLink.revoked_at.is_(None))
        .order_by(PayLink.last_opened_at.desc().nulls_last(), PayLink.id.desc())
        .limit(1)
    ).one_or_none()
    if found is not None and (found.channel != "sms" or sms_account(session) is not None):
        return Way(found.channel, found.sent_to)
    email = session.get_one(Customer, request.customer_id).email
    return Way("email", email) if email else None


def screen_address(sendings: Sequence[Sending]) -> str:
    """The address behind the code to hold out to the customer; "" where its links are stopped or over."""
    alive = next((each.link for each in sendings if each.is_alive and each.link.channel == "screen"), None)
    return deposit_address_of(reveal_token(alive, here().settings.vault)) if alive else ""


def deposit_address_of(token: str) -> str:
    return f"{here().settings.public_url}/d/{token}"


def _send(
    session: Session, organisation: Organisation, request: DepositRequest, way: Way, link: PayLink, link_url: str,
    by: int | None, is_refused: bool,
) -> int | None:  # fmt: skip
    customer = session.get_one(Customer, request.customer_id)
    language = phrases.choose(customer.language, organisation.locale)
    job = session.get_one(WorkOrder, request.work_order_id).title
    amount = formats.money(left_of(session, request), language.locale(organisation.locale, organisation.country))
    subject = language.text("mail_deposit_failed" if is_refused else "mail_deposit", firm=organisation.name)
    once = f"deposit_request:{link.id}"
    if way.channel == "sms":
        said = language.text("text_deposit", firm=organisation.name, amount=amount, job=job)
        return queue_text(
            session, organisation.id, once=once, kind="deposit_request", record="customer", record_id=customer.id,
            to=way.address, subject=subject, words=f"{said}\n{link_url}", sent_by=by or request.asked_by,
        )  # fmt: skip
    text, html = render_mail(
        "deposit_request", **spoken(language, subject, organisation), amount=amount, link_url=link_url,
        greeting=language.text("mail_hello", name=customer.name), what=language.text("deposit_for", job=job),
        line=language.text("mail_deposit_failed_line" if is_refused else "deposit_lead"),
    )  # fmt: skip
    return queue_mail(
        session, organisation.id, once=once, kind="deposit_request", record="customer", record_id=customer.id,
        to=way.address, reply_to=organisation.email, from_name=organisation.name, subject=subject, text=text, html=html,
        sent_by=by or request.asked_by,
    )  # fmt: skip
