"""Asking and answering: on the timelines, and by mail both ways."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices import pauses
from portal.invoices.models import Invoice, InvoiceLine
from portal.invoices.questions.models import Question
from portal.invoices.questions.queries import Asked, is_waiting
from portal.messages.actions import queue_mail
from portal.messages.rendering import render_mail
from portal.organisations import audit
from portal.organisations.logos import logo_address
from portal.organisations.models import Organisation
from portal.shared import clock, phrases
from portal.shared.running import here
from portal.work_orders.models import WorkOrderLine

_WHY = "the customer has asked something"


def ask(session: Session, organisation: Organisation, invoice: Invoice, words: str) -> Question:
    """Keep a customer's question and mail it to the firm, who may simply reply to that mail. Does not commit.

    words  as people type them, cleaned, not longer than models.LONGEST
    """
    question = Question(organisation_id=organisation.id, invoice_id=invoice.id, words=words)
    session.add(question)
    session.flush()
    jobs = session.scalars(
        select(WorkOrderLine.work_order_id)
        .join(InvoiceLine, InvoiceLine.work_order_line_id == WorkOrderLine.id)
        .where(InvoiceLine.invoice_id == invoice.id)
        .distinct()
    )
    about = [("invoice", invoice.id), *(("work_order", job_id) for job_id in jobs)]
    for record, record_id in about:
        said = f"Asked about {invoice.number}: {words}" if record == "work_order" else f"Asked: {words}"
        audit.note(session, organisation.id, "question asked", record, record_id, words=said)
    pauses.pause(session, organisation.id, invoice.id, _WHY)
    _mail_to_firm(session, organisation, invoice, question)
    return question


def answer(session: Session, organisation: Organisation, asked: Asked, words: str, *, by: int) -> None:
    """words go to the customer by mail; "" when they have heard already. Reminders go on. Does not commit."""
    question, invoice, customer = asked
    question.answer, question.answered_at, question.answered_by = words, clock.now(), by
    said = f"Answered: {words}" if words else "The question was answered"
    audit.note(session, organisation.id, "question answered", "invoice", invoice.id, words=said)
    session.flush()
    if not is_waiting(session, invoice.id):
        pauses.resume(session, organisation.id, invoice.id, why=_WHY)
    if words and customer.email:
        _mail_to_customer(session, organisation, asked)


def _mail_to_firm(session: Session, organisation: Organisation, invoice: Invoice, question: Question) -> None:
    customer = session.get_one(Customer, invoice.customer_id)
    text, html = render_mail(
        "question", lang="en", title=f"Question about {invoice.number}", firm=organisation.name, phone="",
        customer=customer.name, number=invoice.number, words=question.words, can_reply=bool(customer.email),
        link_url=f"{here().settings.public_url}/questions",
    )  # fmt: skip
    queue_mail(
        session, organisation.id, once=f"question:{question.id}", kind="question", record="invoice",
        record_id=invoice.id, to=organisation.email, reply_to=customer.email or organisation.email,
        from_name=customer.name, subject=f"Question about {invoice.number} from {customer.name}", text=text, html=html,
    )  # fmt: skip


def _mail_to_customer(session: Session, organisation: Organisation, asked: Asked) -> None:
    question, invoice, customer = asked
    language = phrases.choose(customer.language, organisation.locale)
    subject = language.text("mail_answer", number=invoice.number, firm=organisation.name)
    text, html = render_mail(
        "answer", lang=language.code, title=subject, firm=organisation.name, phone="", words=question.answer,
        logo=logo_address(organisation),
        asked=question.words, you_asked=language.text("mail_you_asked"),
        questions=language.text("mail_questions"), direction="rtl" if language.is_rtl else "ltr",
    )  # fmt: skip
    queue_mail(
        session, organisation.id, once=f"answer:{question.id}", kind="answer", record="invoice",
        record_id=invoice.id, to=customer.email, reply_to=organisation.email, from_name=organisation.name,
        subject=subject, text=text, html=html, sent_by=question.answered_by,
    )  # fmt: skip
