"""Questions that wait for an answer."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices.models import Invoice
from portal.invoices.queries import visible_to
from portal.invoices.questions.models import Question
from portal.shared.access import Viewer
from portal.shared.errors import NotFound

_MOST = 100


class Asked(NamedTuple):
    """A question, what it is about, and who asks."""

    question: Question
    invoice: Invoice
    customer: Customer


def waiting_questions(session: Session, viewer: Viewer) -> Sequence[Asked]:
    """The hundred that wait longest, as far as the viewer may see their invoices."""
    found = _ASKED.where(Question.answered_at.is_(None), visible_to(viewer)).order_by(Question.id).limit(_MOST)
    return [Asked(*row) for row in session.execute(found)]


def get_question(session: Session, viewer: Viewer, question_id: int) -> Asked:
    """Locked against a second answer. Raises NotFound."""
    row = session.execute(
        _ASKED.where(Question.id == question_id, visible_to(viewer))
        .with_for_update(of=Question)
    ).one_or_none()  # fmt: skip
    if row is None:
        raise NotFound
    return Asked(*row)


def is_waiting(session: Session, invoice_id: int) -> bool:
    """Has the customer asked, and nobody answered?"""
    return session.execute(select(waits(invoice_id))).scalar_one()


def waits(invoice_id: int | None = None) -> ColumnElement[bool]:
    """Part of a query: does a question wait about this invoice, or about the Invoice that is asked for?"""
    of = Invoice.id if invoice_id is None else invoice_id
    return select(Question.id).where(Question.invoice_id == of, Question.answered_at.is_(None)).exists()


_ASKED = (
    select(Question, Invoice, Customer)
    .join(Invoice, Invoice.id == Question.invoice_id)
    .join(Customer, Customer.id == Invoice.customer_id)
)
