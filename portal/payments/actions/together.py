"""Paying several invoices of one customer at once: one Session, one payment, put to each of them.

Every invoice has an open attempt then, so nothing else can be begun on it, and whatever closes one closes them all.
"""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from portal.invoices.models import Invoice
from portal.payments.actions.attempts import (
    Started,
    Wish,
    add_attempt,
    begin,
    check_invoice,
    check_tries,
    start_attempt,
)
from portal.payments.actions.cards import CardWish, agree, introduce_customer
from portal.payments.actions.plans import Plan, plan_of, present_attempt
from portal.payments.cards.rules import PLAIN
from portal.payments.chargeable import check_chargeable
from portal.payments.models import PaymentAttempt
from portal.payments.queries import PaidFor
from portal.payments.rules import CannotPay, PaymentUnderWay
from portal.shared.money import Money


def start_together(organisation_id: int, agreed: Mapping[int, Money], card: CardWish | None = None) -> Started:
    """The page at Stripe where these invoices are paid in one go. Calls Stripe and raises as start_attempt does.

    agreed  invoice → what is to pay of it, as the customer has seen it; all of one customer and one currency
    card    what is to become of the card; None for nothing
    """
    if len(agreed) == 1:
        [(invoice_id, to_pay)] = agreed.items()
        return start_attempt(organisation_id, invoice_id, Wish(to_pay, to_pay, card=card))
    if card is not None:
        introduce_customer(organisation_id, min(agreed))
    # Each of them may have a page of its own open, which is closed first.
    return begin(organisation_id, lambda session: plan_together(session, agreed, card), more_rounds=len(agreed))


def plan_together(session: Session, agreed: Mapping[int, Money], card: CardWish | None = None) -> Plan:
    """The attempt that pays just these, or one that stands in its way, or a new one. Does not commit.

    Raises CannotPay: AmountChanged when of one of them something else is to pay now.
    """
    wanted = [(_locked(session, invoice_id), agreed[invoice_id]) for invoice_id in sorted(agreed)]
    if len({(invoice.customer_id, invoice.currency) for invoice, _ in wanted}) != 1:
        raise CannotPay("These invoices cannot be paid together.")
    for invoice, to_pay in wanted:
        check_invoice(session, invoice, to_pay)
    check_chargeable(Money.total(agreed.values(), wanted[0][0].currency))
    present = [attempt for invoice, _ in wanted if (attempt := present_attempt(session, invoice.id)) is not None]
    if any(attempt.state == "processing" for attempt in present):
        raise PaymentUnderWay("A payment for one of these invoices is under way. We will mail you when it has arrived.")
    use = card.use if card else PLAIN
    if present:
        lead = session.get_one(PaymentAttempt, present[0].lead_id or present[0].id)
    else:
        for invoice, _ in wanted:
            check_tries(session, PaidFor("invoice", invoice.id))
        lead = _add_family(session, wanted, use)
    if card is not None and lead.card_use == use:
        agree(session, lead, wanted[0][0].customer_id, card)
    return plan_of(session, present[0] if present else lead, wanted, card_use=use)


def _locked(session: Session, invoice_id: int) -> Invoice:
    return session.get_one(Invoice, invoice_id, with_for_update=True)


def _add_family(session: Session, wanted: list[tuple[Invoice, Money]], card_use: str) -> PaymentAttempt:
    lead, *others = [add_attempt(session, invoice, to_pay, card_use=card_use) for invoice, to_pay in wanted]
    for each in (lead, *others):
        each.lead_id = lead.id
        each.expires_at = lead.expires_at
    session.flush()
    return lead
