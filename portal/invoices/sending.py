"""Getting a sent invoice to the customer: a secret address for the screen, one by e-mail, one by text message."""

from collections.abc import Callable

import segno
from markupsafe import Markup
from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices.mail import queue_invoice_mail, queue_invoice_text
from portal.invoices.models import SENT, Invoice, PayLink
from portal.invoices.pay_links import latest_screen_link, make_pay_link, reveal_token
from portal.invoices.queries import due_on
from portal.messages.actions import cancel
from portal.messages.texts import sms_account
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.shared import clock
from portal.shared.errors import RuleBroken
from portal.shared.money import Money
from portal.shared.phones import international
from portal.shared.running import here

# What else happens when a link is stopped; whoever has something open for it adds to this.
ON_STOPPED: list[Callable[[Session, PayLink], None]] = []


class CannotSend(RuleBroken):
    """There is nothing to send."""


def send_invoice(
    session: Session, organisation: Organisation, invoice: Invoice, *, sent_by: int | None, email: str,
    is_first: bool = False, prepaid: Money | None = None, number: str = "",
) -> None:  # fmt: skip
    """A link for the screen that shows the QR code, and a mail with a link of its own where there is an address.

    is_first  the invoice was issued in this transaction, so no link of it can be there yet
    number    to text it to where no mail goes, because somebody said so: + and digits
    prepaid   what of it deposits pay, as issue_invoice said
    Raises CannotSend for a draft or a void invoice. Does not commit.
    """
    if invoice.status != SENT:
        raise CannotSend("Only a sent invoice has a link. Send the draft first, or raise a new invoice.")
    vault = here().settings.vault
    days = organisation.pay_link_days
    if is_first or latest_screen_link(session, invoice.id) is None:
        make_pay_link(session, invoice, vault, channel="screen", pay_link_days=days, created_by=sent_by)
    if email:
        link, token = make_pay_link(
            session, invoice, vault, channel="email", pay_link_days=days, sent_to=email, created_by=sent_by
        )
        with session.no_autoflush:  # the links are written with their mails, in one statement
            link.message_id = queue_invoice_mail(
                session, invoice, organisation, address_of(token), email, sent_by=sent_by,
                left=_first_left(invoice, prepaid) if is_first else due_on(session, invoice.id).to_pay,
            )  # fmt: skip
        audit.note(
            session, organisation.id, "invoice mailed", "invoice", invoice.id, words=f"E-mail to {email} on its way"
        )
    elif number:
        left = _first_left(invoice, prepaid)
        text_invoice(session, organisation, invoice, to=number, amount=left, sent_by=sent_by)


def _first_left(invoice: Invoice, prepaid: Money | None) -> Money:
    return invoice.amount_due - prepaid if prepaid else invoice.amount_due


def number_instead(session: Session, organisation: Organisation, customer: Customer, phone: str = "") -> str:
    """What an invoice can be texted to where no mail can reach the customer; "" where one can, or there is none.

    phone  the one on the invoice, where that is not the customer's own
    """
    return "" if customer.email else number_to_text(session, organisation, phone or customer.phone)


def number_to_text(session: Session, organisation: Organisation, phone: str) -> str:
    """`phone` as + and digits; "" where it is no number, or the firm sends no text messages."""
    digits = international(phone, organisation.country)
    return f"+{digits}" if digits and sms_account(session) is not None else ""


def text_invoice(
    session: Session, organisation: Organisation, invoice: Invoice, *, to: str, amount: Money, sent_by: int | None
) -> None:
    """A text message with a link of its own. to: + and digits; amount: left to pay.

    Raises CannotSend. Does not commit.
    """
    if invoice.status != SENT:
        raise CannotSend("Only a sent invoice has a link. Send the draft first, or raise a new invoice.")
    if sms_account(session) is None:
        raise CannotSend(
            "Your firm has no account for text messages yet. An administrator connects one under Settings."
        )
    link, token = make_pay_link(
        session, invoice, here().settings.vault, channel="sms", pay_link_days=organisation.pay_link_days, sent_to=to,
        created_by=sent_by,
    )  # fmt: skip
    with session.no_autoflush:
        link.message_id = queue_invoice_text(
            session, invoice, organisation, address_of(token), to, amount=amount, sent_by=sent_by
        )
    audit.note(
        session, organisation.id, "invoice texted", "invoice", invoice.id, words=f"Text message to {to} on its way"
    )


def stop_link(session: Session, link: PayLink, *, about: tuple[str, int] | None = None) -> None:
    """It answers as one that never was; a mail that was to bring it stays here. Does not commit.

    about  the record whose timeline tells of it, where that is no invoice
    """
    if link.revoked_at is not None:
        return
    link.revoked_at = clock.now()
    for follow in ON_STOPPED:
        follow(session, link)
    if link.message_id is not None:
        cancel(session, link.message_id)
    where = f"The link sent to {link.sent_to}" if link.sent_to else "The link on the screen"
    record, record_id = about or ("invoice", link.invoice_id or 0)
    audit.note(
        session, link.organisation_id, "pay link stopped", record, record_id, words=f"{where} works no more"
    )  # fmt: skip


def replace_link(
    session: Session, organisation: Organisation, invoice: Invoice, link: PayLink, *, balance: Money, by: int
) -> None:
    """Stop a link and send a new one the same way. Raises CannotSend. Does not commit."""
    if link.revoked_at is not None:
        return
    if not balance:
        raise CannotSend("There is nothing left to pay, so no new link is sent. Stop this one if it is in wrong hands.")
    stop_link(session, link)
    session.flush()  # the new one on the screen takes the place of this
    if link.channel == "sms":
        text_invoice(session, organisation, invoice, to=link.sent_to, amount=balance, sent_by=by)
    else:
        send_invoice(session, organisation, invoice, sent_by=by, email=link.sent_to)


def screen_address(session: Session, invoice: Invoice) -> str | None:
    """The address behind the QR code; None where the invoice has none (draft, void, link expired)."""
    link = latest_screen_link(session, invoice.id) if invoice.status == SENT else None
    return address_of(reveal_token(link, here().settings.vault)) if link else None


def address_of(token: str) -> str:
    """Built from the configured address, never from the request."""
    return f"{here().settings.public_url}/p/{token}"


def qr_svg(address: str) -> Markup:
    """Medium error correction: a phone reads it off a cracked screen in the sun."""
    code = segno.make(address, error="m", micro=False)
    return Markup(code.svg_inline(border=0, omitsize=True))  # noqa: S704  (our own SVG of our own address)
