"""The mail or text message that brings a customer the invoice's link."""

import hashlib

from sqlalchemy.orm import Session

from portal.invoices.models import Invoice
from portal.messages.actions import queue_mail, queue_text
from portal.messages.rendering import long_date, render_mail
from portal.organisations.models import Organisation
from portal.shared import clock, formats
from portal.shared.money import Money


def queue_invoice_mail(
    session: Session, invoice: Invoice, organisation: Organisation, link_url: str, to: str, *, left: Money,
    sent_by: int | None,
) -> int | None:  # fmt: skip
    """Mail `link_url` to `to`. Each link is mailed once. The message's id. Does not commit.

    link_url  the address with the secret of a link made for this mail
    left      still to pay; of an invoice with nothing left the mail says so, and leads to its receipt
    """
    text, html = render_mail(
        "invoice", lang=organisation.locale[:2], title=f"Invoice {invoice.number}", firm=organisation.name,
        phone=organisation.phone, greeting=greeting(invoice), what=_what(invoice, organisation),
        amount=formats.money(left, organisation.locale), is_settled=not left,
        due_on=long_date(invoice.due_on or clock.today(organisation.time_zone), organisation.locale),
        number=invoice.number, link_url=link_url,
    )  # fmt: skip
    return queue_mail(
        session, organisation.id, once=f"invoice:{invoice.id}:{_fingerprint(link_url)}", kind="invoice",
        record="invoice", record_id=invoice.id, to=to, reply_to=organisation.email, from_name=organisation.name,
        subject=f"Invoice {invoice.number} from {organisation.name}", text=text, html=html,
        attachment=f"invoice:{invoice.id}" if organisation.attach_papers else "", sent_by=sent_by,
    )  # fmt: skip


def queue_invoice_text(
    session: Session, invoice: Invoice, organisation: Organisation, link_url: str, to: str, *, amount: Money,
    sent_by: int | None,
) -> int | None:  # fmt: skip
    """The same in a text message: each costs the firm by its length, so it says the least that must be said."""
    due_on = long_date(invoice.due_on or clock.today(organisation.time_zone), organisation.locale)
    to_pay = f", {formats.money(amount, organisation.locale)}, due {due_on}. See and pay" if amount else ". See it"
    return queue_text(
        session, organisation.id, once=f"invoice:{invoice.id}:{_fingerprint(link_url)}", kind="invoice",
        record="invoice", record_id=invoice.id, to=to, subject=f"Invoice {invoice.number} by text message",
        words=f"{organisation.name}: invoice {invoice.number}{to_pay}: {link_url}",
        sent_by=sent_by,
    )  # fmt: skip


def greeting(invoice: Invoice) -> str:
    name = str(invoice.bill_to.get("name") or "").strip()
    return f"Hello {name}," if name else "Hello,"


def _what(invoice: Invoice, organisation: Organisation) -> str:
    done = " ".join(filter(None, (invoice.title, invoice.work_done)))
    return f"{done.rstrip('.')}." if done else f"Here is your invoice from {organisation.name}."


def _fingerprint(link_url: str) -> str:
    """Tells links apart without keeping their secret."""
    return hashlib.sha256(link_url.encode()).hexdigest()[:16]
