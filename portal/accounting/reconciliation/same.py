"""Is what stands in Zoho under the number of ours the same paper? Told before both are tied, as nothing unties them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting.models import Link, MirrorRecord
from portal.accounting.reconciliation.models import DriftRow
from portal.customers.models import Customer
from portal.gateways.zoho import wire
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.models import Invoice
from portal.payments.models import Payment
from portal.shared.money import Money

_TOTALS = {"invoice": "total", "credit_note": "total", "payment": "amount"}


def is_paper(module: str) -> bool:
    """Has it a customer and a total, by which it is told from another one of the same number?"""
    return module in _TOTALS


def what_differs(session: Session, link: Link, drift: DriftRow, theirs: Mapping[str, Any]) -> str:
    """In words; nothing where customer, currency and total agree.

    theirs  Zoho's record, read a moment ago
    """
    customer_id, total = _ours(session, drift)
    ours = session.get_one(Customer, customer_id).name
    twin = session.scalars(
        select(MirrorRecord.remote_id)
        .where(MirrorRecord.link_id == link.id, MirrorRecord.module == "customer")
        .where(MirrorRecord.local_id == customer_id)
    ).one_or_none()
    found = []
    if twin != str(theirs.get("customer_id", "")):
        found.append(f"its customer is {theirs.get('customer_name') or 'another one'}, here {ours}")
    currency = str(theirs.get("currency_code") or total.currency)
    there = wire.amount(theirs.get(_TOTALS[drift.module])) or Decimal(0)
    if (currency, there) != (total.currency, total.decimal):
        said = Money.rounded(there, currency).decimal
        found.append(f"it comes to {said} {currency}, here to {total.decimal} {total.currency}")
    return " and ".join(found)


def _ours(session: Session, drift: DriftRow) -> tuple[int, Money]:
    """Whose it is, and what it comes to."""
    if drift.module == "payment":
        payment = session.get_one(Payment, drift.local_id)
        return payment.customer_id, payment.amount
    if drift.module == "invoice":
        invoice = session.get_one(Invoice, drift.local_id)
        return invoice.customer_id, invoice.total
    note = session.get_one(CreditNote, drift.local_id)
    return note.customer_id, note.total
