"""Balance transactions: what a payment, a refund or a dispute does to the account's money."""

from sandbox.stripe.desk import Desk, new_id, now
from sandbox.stripe.store import Document

_FEE_PER_MILLE, _FEE_FIXED_MINOR = 15, 20  # 1.5 % and 20 pence, like a domestic card in the UK
_PAYOUT_DELAY_S = 2 * 24 * 60 * 60


def fee_minor(amount_minor: int) -> int:
    return (amount_minor * _FEE_PER_MILLE + 500) // 1000 + _FEE_FIXED_MINOR


def book(desk: Desk, kind: str, source: Document, amount_minor: int, *, fee: int = 0, category: str = "") -> Document:
    """Enter `amount_minor` (negative: money leaves) for the charge, refund or dispute `source`."""
    return desk.save({
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount_minor,
        "available_on": now() + _PAYOUT_DELAY_S,
        "balance_type": "payments",
        "created": now(),
        "currency": source["currency"],
        "description": source.get("description"),
        "exchange_rate": None,
        "fee": fee,
        "fee_details": _fee_details(source["currency"], fee) if fee else [],
        "net": amount_minor - fee,
        "reporting_category": category or kind,
        "source": source["id"],
        "status": "pending",
        "type": kind,
    })  # fmt: skip


def _fee_details(currency: str, fee: int) -> list[Document]:
    return [{"amount": fee, "application": None, "currency": currency, "type": "stripe_fee",
             "description": "Stripe processing fees"}]  # fmt: skip
