"""Which invoices are to be reminded of now, and what stands in the way of it."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, not_, select, text
from sqlalchemy.orm import Session

from portal.invoices import holds, pauses
from portal.invoices.models import SENT, Invoice, InvoiceBalance
from portal.messages.models import Message
from portal.payments.autopay.queries import will_be_charged
from portal.payments.models import Allocation
from portal.payments.refunds.models import Dispute
from portal.reminders.models import Reminder, ReminderPlan

_OVER = ("won", "lost", "warning_closed")  # of a dispute, in Stripe's words
# The newest step that an invoice has reached, as rules.newest_step says, was not taken yet.
_HAS_A_STEP = text(
    "(SELECT max(d) FROM unnest(CAST(:days AS bigint[])) AS d WHERE invoices.due_on + d::int <= :latest"
    " AND invoices.due_on + d::int >= :started AND invoices.due_on + d::int > invoices.issued_on)"
    " > COALESCE((SELECT max(r.step) FROM reminders r WHERE r.invoice_id = invoices.id), -10000)"
)


class Taken(NamedTuple):
    """A step that was taken, with the message that went out for it."""

    reminder: Reminder
    message: Message | None


def plan_of(session: Session) -> ReminderPlan | None:
    return session.scalars(select(ReminderPlan)).one_or_none()


def is_open() -> ColumnElement[bool]:
    """Part of a question about Invoice joined with InvoiceBalance: is it right to ask the customer for this money now?

    Not when it is paid, void or written off; while all that is left is on its way, or a payment disputed; while the
    books find another amount; while somebody of the firm, or a question of the customer's, has paused it; while autopay
    is to charge it.
    """
    disputed = (
        select(Dispute.id)
        .join(Allocation, Allocation.payment_id == Dispute.payment_id)
        .where(Allocation.invoice_id == Invoice.id, Dispute.status.not_in(_OVER))
    )
    return and_(
        Invoice.status == SENT, InvoiceBalance.balance_minor > InvoiceBalance.under_way_minor,
        not_(disputed.exists()), not_(holds.stands()), not_(pauses.is_paused()), not_(will_be_charged()),
    )  # fmt: skip


def invoices_to_remind(session: Session, plan: ReminderPlan, latest: date, *, after: int, most: int) -> Sequence[int]:
    """Ids of open invoices whose newest step on `latest` was not taken, `most` at a time, beyond the id `after`."""
    return session.scalars(
        select(Invoice.id)
        .join(Invoice.balance_row)
        .where(Invoice.id > after, is_open())
        .where(_HAS_A_STEP.bindparams(days=plan.days, latest=latest, started=plan.started_on))
        .order_by(Invoice.id)
        .limit(most)
    ).all()


def is_still_open(session: Session, invoice_id: int) -> bool:
    found = select(Invoice.id).join(Invoice.balance_row).where(Invoice.id == invoice_id, is_open())
    return session.scalar(found) is not None


def last_step(session: Session, invoice_id: int) -> int | None:
    return session.scalar(
        select(Reminder.step).where(Reminder.invoice_id == invoice_id).order_by(Reminder.step.desc()).limit(1)
    )


def steps_taken(session: Session, invoice_id: int) -> Sequence[Taken]:
    """In their order."""
    rows = session.execute(
        select(Reminder, Message)
        .outerjoin(Message, Message.id == Reminder.message_id)
        .where(Reminder.invoice_id == invoice_id)
        .order_by(Reminder.step)
    ).all()
    return [Taken(*row) for row in rows]
