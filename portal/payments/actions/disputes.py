"""Disputes as Stripe has them, and what they do to our books: money that is held back has left us, until it returns."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.gateways import stripe_gateway
from portal.gateways.stripe_gateway import SeenDispute
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.payments import queries, rules
from portal.payments.actions.accounts import client_of
from portal.payments.actions.allocation import lock_customer, lock_invoices
from portal.payments.actions.late_failures import tell_of_return
from portal.payments.actions.refunds import end_refund, plan_refund, taken_by
from portal.payments.actions.refunds_at_stripe import payment_of
from portal.payments.actions.staff_news import tell_of_dispute, tell_of_lost_money
from portal.payments.debits import why_returned
from portal.payments.models import Payment, StripeAccount
from portal.payments.refunds.models import COUNTS, Dispute, Refund
from portal.payments.refunds.queries import OVER
from portal.shared import formats
from portal.shared.running import job_session


def look_at_dispute(organisation_id: int, account_id: int, remote_id: str) -> bool:
    """False: not of a payment of ours. Raises GatewayError, NotBookedYet."""
    with job_session(organisation_id) as session:
        client = client_of(session.get_one(StripeAccount, account_id))
    seen = stripe_gateway.retrieve_dispute(client, remote_id)
    with job_session(organisation_id) as session:
        payment = payment_of(session, organisation_id, seen)
        if payment is None:
            return False
        keep_dispute(session, payment, seen)
    return True


def keep_dispute(session: Session, payment: Payment, seen: SeenDispute) -> None:
    """Bring our books to what Stripe says now. Safe to repeat. Does not commit."""
    lock_customer(session, payment.customer_id)  # one at a time, and in the order of all who move money
    if _keep(session, payment, seen):
        _book(session, payment, seen)


def _keep(session: Session, payment: Payment, seen: SeenDispute) -> bool:
    """False for an answer that another worker's newer one has overtaken: what is over never opens again."""
    known = session.scalars(select(Dispute).where(Dispute.remote_id == seen.id)).one_or_none()
    if known is not None and known.status in OVER and seen.status not in OVER:
        return False
    dispute = known or Dispute(organisation_id=payment.organisation_id, payment_id=payment.id, remote_id=seen.id)
    before = (known.status, known.withdrawn_minor) if known else None
    dispute.amount_minor, dispute.currency = seen.amount.minor, seen.amount.currency
    dispute.status, dispute.reason, dispute.due_at = seen.status[:40], seen.reason[:60], seen.due_at
    dispute.withdrawn_minor = seen.withdrawn.minor
    session.add(dispute)
    session.flush()
    why = why_returned(payment.provider, payment.method, seen.reason)
    if not why:
        tell = tell_of_lost_money if known is None and seen.status == "lost" else tell_of_dispute
        tell(session, payment, dispute)
    if before == (seen.status, seen.withdrawn.minor):
        return True
    locale = session.get_one(Organisation, payment.organisation_id).locale
    amount = formats.money(seen.amount, locale)
    words = f"Disputed at the bank: {seen.status.replace('_', ' ')}, {amount}"
    if why:
        words = f"The bank took the debit of {amount} back: {why}"
    if seen.withdrawn:
        words += f"; {formats.money(seen.withdrawn, locale)} held back"
    audit.note(session, payment.organisation_id, "dispute seen", "payment", payment.id, words=words)
    return True


def _book(session: Session, payment: Payment, seen: SeenDispute) -> None:
    """What Stripe holds back is taken from the payment like money given back; what it returns pays again.

    The bank may take back what we had given back already: of that our invoices lose only what was left here.
    """
    taken = session.scalars(
        select(Refund)
        .where(Refund.payment_id == payment.id, Refund.way == "dispute", Refund.remote_id.startswith(f"{seen.id}/"))
        .order_by(Refund.id)
    ).all()
    standing = next((refund for refund in taken if refund.state in COUNTS), None)
    if standing is not None and standing.form_id == _name(seen, len(taken)):
        return
    if standing is not None:
        end_refund(session, standing, "failed", "the bank gave it back")
    use = queries.get_payment(session, payment.id).use
    if not seen.withdrawn:
        return
    amount, tip, beyond = rules.told_apart(seen.withdrawn, use.left, use.tip_left)
    why = why_returned(payment.provider, payment.method, seen.reason)
    refund = plan_refund(
        session, payment.id, amount, way="dispute", by=None, form_id=_name(seen, len(taken) + 1), tip=tip,
        beyond=beyond, remote_id=f"{seen.id}/{len(taken) + 1}", waits=not why,
        reason=f"Debit taken back by the bank: {why}" if why else "Taken back by the bank (dispute)",
    )  # fmt: skip
    if why:
        tell_of_return(session, payment, list(lock_invoices(session, taken_by(session, refund)).values()), amount, why)


def _name(seen: SeenDispute, count: int) -> str:
    """One name for each time the money left, and for how much."""
    return f"dispute:{seen.id[-30:]}:{count}:{seen.withdrawn.minor}"[:60]
