"""The mail or text message that brings a customer the invoice's link."""

import hashlib

from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices.models import Invoice
from portal.messages.actions import queue_mail, queue_text
from portal.messages.rendering import long_date, render_mail
from portal.organisations.logos import logo_address
from portal.organisations.models import Organisation
from portal.shared import clock, formats, phrases
from portal.shared.money import Money
from portal.shared.phrases import Language


def queue_invoice_mail(
    session: Session, invoice: Invoice, organisation: Organisation, link_url: str, to: str, *, left: Money,
    sent_by: int | None,
) -> int | None:  # fmt: skip
    """Mail `link_url` to `to`. Each link is mailed once. The message's id. Does not commit.

    link_url  the address with the secret of a link made for this mail
    left      still to pay; of an invoice with nothing left the mail says so, and leads to its receipt
    """
    language = _language_of(session, invoice, organisation)
    locale = language.locale(organisation.locale, organisation.country)
    subject = language.text("mail_invoice", number=invoice.number, firm=organisation.name)
    text, html = render_mail(
        "invoice", **spoken(language, subject, organisation), greeting=greeting(invoice, language),
        what=_what(invoice, organisation, language), amount=formats.money(left, locale), is_settled=not left,
        due_on=long_date(invoice.due_on or clock.today(organisation.time_zone), locale),
        number=invoice.number, link_url=link_url,
    )  # fmt: skip
    return queue_mail(
        session, organisation.id, once=f"invoice:{invoice.id}:{_fingerprint(link_url)}", kind="invoice",
        record="invoice", record_id=invoice.id, to=to, reply_to=organisation.email, from_name=organisation.name,
        subject=subject, text=text, html=html,
        attachment=f"invoice:{invoice.id}" if organisation.attach_papers else "", sent_by=sent_by,
    )  # fmt: skip


def queue_invoice_text(
    session: Session, invoice: Invoice, organisation: Organisation, link_url: str, to: str, *, amount: Money,
    sent_by: int | None,
) -> int | None:  # fmt: skip
    """The same in a text message: each costs the firm by its length, so it says the least that must be said."""
    language = _language_of(session, invoice, organisation)
    locale = language.locale(organisation.locale, organisation.country)
    said = language.text(
        "text_invoice" if amount else "text_invoice_settled", firm=organisation.name, number=invoice.number,
        amount=formats.money(amount, locale),
        day=long_date(invoice.due_on or clock.today(organisation.time_zone), locale),
    )  # fmt: skip
    return queue_text(
        session, organisation.id, once=f"invoice:{invoice.id}:{_fingerprint(link_url)}", kind="invoice",
        record="invoice", record_id=invoice.id, to=to, subject=f"Invoice {invoice.number} by text message",
        words=f"{said}\n{link_url}",  # on a line of its own, where no mark of direction touches it
        sent_by=sent_by,
    )  # fmt: skip


def spoken(language: Language, title: str, organisation: Organisation) -> dict[str, object]:
    """What the frame of a mail to a customer takes."""
    return {
        "lang": language.code, "direction": "rtl" if language.is_rtl else "ltr", "say": language.text, "title": title,
        "firm": organisation.name, "phone": organisation.phone, "logo": logo_address(organisation),
    }  # fmt: skip


def greeting(invoice: Invoice, language: Language) -> str:
    name = str(invoice.bill_to.get("name") or "").strip()
    return language.text("mail_hello", name=name) if name else language.text("mail_hello_nobody")


def _language_of(session: Session, invoice: Invoice, organisation: Organisation) -> Language:
    """The customer's own, else the firm's."""
    return phrases.choose(session.get_one(Customer, invoice.customer_id).language, organisation.locale)


def _what(invoice: Invoice, organisation: Organisation, language: Language) -> str:
    work = language.work(
        invoice.work_facts, organisation.locale, organisation.country, otherwise=invoice.work_done
    )  # fmt: skip
    done = language.what_and_work(invoice.title, work)
    return f"{done.rstrip('.')}." if done else language.text("mail_invoice_lead", firm=organisation.name)


def _fingerprint(link_url: str) -> str:
    """Tells links apart without keeping their secret."""
    return hashlib.sha256(link_url.encode()).hexdigest()[:16]
