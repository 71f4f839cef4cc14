"""What may stand beside an invoice, asked in one statement: of nearly every invoice there is none of it."""

from typing import NamedTuple

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from portal.invoices import holds
from portal.invoices.billing_again import lines_gone, open_claims
from portal.invoices.credit_notes.models import CreditApplication, CreditNote
from portal.invoices.credit_notes.queries import taken_of
from portal.invoices.models import Invoice
from portal.invoices.questions.queries import waits
from portal.messages.models import SmsAccount
from portal.shared.money import Money


class Beside(NamedTuple):
    """has_credit: a note over it, or put to it; taken: how much notes took of each line, by its position; claimed: the
    lines of jobs that it bills; has_asked: a question of the customer waits; texts: the firm has an account for text
    messages"""

    has_credit: bool
    taken: dict[str, int] | None
    claimed: list[int] | None
    is_held: bool
    has_asked: bool
    texts: bool


def beside(session: Session, invoice_id: int) -> Beside:
    taken = taken_of(invoice_id).subquery()
    claims = open_claims(invoice_id).subquery()
    asked = select(
        or_(
            exists().where(CreditNote.invoice_id == invoice_id),
            exists().where(CreditApplication.invoice_id == invoice_id),
        ),
        select(func.jsonb_object_agg(taken.c.position, taken.c.minor)).scalar_subquery(),
        select(func.array_agg(claims.c.work_order_line_id)).scalar_subquery(),
        holds.stands(invoice_id), waits(invoice_id), exists(select(SmsAccount.id)),
    )  # fmt: skip
    return Beside(*session.execute(asked).one())


def may_bill_again(invoice: Invoice, there: Beside) -> bool:
    """Whether a line of it was credited whole, and not billed again since; of an invoice read with its lines."""
    before = {int(position): Money(minor, invoice.currency) for position, minor in (there.taken or {}).items()}
    return not set(lines_gone(invoice, before)).isdisjoint(there.claimed or ()) if before else False
