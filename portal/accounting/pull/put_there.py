"""What somebody in Zoho put to more invoices out of what was left of a payment or of a credit note: it is put to them
here as well, to the cent. What was taken off an invoice there is no business of this."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting.models import MirrorRecord
from portal.accounting.pull import voided
from portal.gateways.errors import GatewayError
from portal.invoices.credit_notes.actions import put_as_booked
from portal.invoices.credit_notes.models import CreditApplication, CreditNote
from portal.payments.actions import put_booked_payment, release_invoice
from portal.payments.actions.allocation import lock_customer, lock_invoices
from portal.payments.models import Allocation, Payment
from portal.shared.errors import RuleBroken
from portal.shared.money import Money

Applied = Mapping[str, Decimal]


def more(session: Session, link_id: int, of: CreditNote | Payment, now: Applied) -> dict[int, Money] | None:
    """Our invoice → how much more is put to it there than here. None where anything is taken off another there, or
    where one of them is not here.

    now  Zoho's invoice → how much is put to it there
    """
    here = voided.besides(session, link_id, applied_here(session, link_id, of))
    if any(now.get(at, Decimal(0)) < amount for at, amount in here.items()):
        return None
    raised = {at: amount - here.get(at, Decimal(0)) for at, amount in now.items() if amount != here.get(at)}
    rows = session.execute(
        select(MirrorRecord.remote_id, MirrorRecord.local_id).where(
            MirrorRecord.link_id == link_id, MirrorRecord.module == "invoice", MirrorRecord.remote_id.in_(raised)
        )
    ).all()
    found = {local_id: Money.rounded(raised[str(remote_id)], of.currency) for remote_id, local_id in rows}
    return found if len(found) == len(raised) else None


def follow(session: Session, of: CreditNote | Payment, parts: Mapping[int, Money] | None) -> bool:
    """Are both sides the same by now? No where an invoice has not so much to pay here, or less is left of it than
    there. Does not commit.

    parts  as `more` told them
    """
    if not parts:
        return parts is not None
    try:
        with session.begin_nested():
            if isinstance(of, Payment):
                put_booked_payment(session, of, parts)
            else:
                lock_customer(session, of.customer_id)
                locked = lock_invoices(session, [of.invoice_id, *parts])
                put_as_booked(session, of, [(locked[at], part) for at, part in parts.items()])
    except RuleBroken:
        return False
    return True


def close_payment_pages(organisation_id: int, invoice_ids: Sequence[int]) -> None:
    """Nobody shall pay by card what is paid. Where that cannot be had, a second payment becomes the customer's credit:
    money that has come is recorded in any case."""
    for invoice_id in invoice_ids:
        try:
            release_invoice(organisation_id, invoice_id)
        except (RuleBroken, GatewayError):
            continue


def applied_here(session: Session, link_id: int, of: CreditNote | Payment) -> dict[str, Decimal]:
    """Zoho's invoice → how much is put to it here; "" for those that are not there."""
    part: type[Allocation] | type[CreditApplication] = CreditApplication
    mine = CreditApplication.credit_note_id == of.id
    if isinstance(of, Payment):
        part, mine = Allocation, Allocation.payment_id == of.id
    twin = (MirrorRecord.link_id == link_id) & (MirrorRecord.module == "invoice")
    remote_id = func.coalesce(MirrorRecord.remote_id, "")
    rows = session.execute(
        select(remote_id, func.sum(part.amount_minor))
        .outerjoin(MirrorRecord, twin & (MirrorRecord.local_id == part.invoice_id))
        .where(mine)
        .group_by(remote_id)
    )
    return {at: Money(int(minor), of.currency).decimal for at, minor in rows if minor}
