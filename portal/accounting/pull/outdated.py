"""Questions whose reason has gone by what was done here since: nobody is asked about them any more."""

from sqlalchemy import BigInteger, ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from portal.accounting.mirror.writing_off import open_there
from portal.accounting.pull.models import (
    AMOUNT,
    BALANCE,
    NOTE_VOID,
    REOPENED,
    USES,
    VOID,
    WRITE_OFF_OVER,
    WRITTEN_OFF,
    Question,
)
from portal.accounting.pull.questions import SETTLED
from portal.invoices.credit_notes.models import CreditNoteVoid
from portal.invoices.models import SENT, Invoice, InvoiceBalance
from portal.invoices.models import VOID as VOID_HERE
from portal.invoices.queries import is_written_off
from portal.payments.models import PaymentReversal


def settle(session: Session, link_id: int) -> None:
    """One statement. Does not commit."""
    is_open = (Question.link_id == link_id, Question.decision == "")
    session.execute(
        update(Question)
        .where(*is_open, or_(_of_invoices(), _of_payments(), _of_notes()))
        .values(decision=SETTLED, decided_at=func.clock_timestamp())
        .execution_options(synchronize_session=False)
    )


def _of_invoices() -> ColumnElement[bool]:
    """Its state here is another one by now, or no more is to pay here than there."""
    is_over = or_(
        and_(Question.field == VOID, Invoice.status != SENT),
        and_(Question.field == REOPENED, Invoice.status != VOID_HERE),
        and_(Question.field.in_((WRITTEN_OFF, BALANCE)), Invoice.status != SENT),
        and_(Question.field == WRITE_OFF_OVER, ~is_written_off()),
        and_(Question.field == WRITTEN_OFF, InvoiceBalance.balance_minor == 0),
        and_(Question.field == BALANCE, open_there() <= Question.facts["minor"].astext.cast(BigInteger)),
    )
    found = select(Invoice.id).join(InvoiceBalance, InvoiceBalance.invoice_id == Invoice.id)
    return and_(
        Question.module == "invoice", found.where(Invoice.id == Question.local_id, is_over).correlate(Question).exists()
    )


def _of_payments() -> ColumnElement[bool]:
    """It was taken back here: the whole of it goes over as given back."""
    reversed_ = select(PaymentReversal.payment_id)
    is_changed = Question.field.in_((AMOUNT, USES))
    return and_(Question.module == "payment", is_changed, Question.local_id.in_(reversed_))


def _of_notes() -> ColumnElement[bool]:
    """It was voided here, too, and is put to nothing any more."""
    voided = select(CreditNoteVoid.credit_note_id)
    is_over = Question.field.in_((NOTE_VOID, USES))
    return and_(Question.module == "credit_note", is_over, Question.local_id.in_(voided))
