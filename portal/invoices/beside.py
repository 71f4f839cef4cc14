"""What may stand beside an invoice, asked in one statement: of nearly every invoice there is none of it."""

from typing import NamedTuple

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from portal.invoices import holds
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.questions.queries import waits
from portal.messages.models import SmsAccount


class Beside(NamedTuple):
    """has_asked: a question of the customer waits; texts: the firm has an account for text messages"""

    has_notes: bool
    is_held: bool
    has_asked: bool
    texts: bool


def beside(session: Session, invoice_id: int) -> Beside:
    asked = select(
        exists().where(CreditNote.invoice_id == invoice_id), holds.stands(invoice_id), waits(invoice_id),
        exists(select(SmsAccount.id)),
    )  # fmt: skip
    return Beside(*session.execute(asked).one())
