"""Payouts: what the account's money comes to goes to the bank, and sometimes comes back.

An automatic payout tells which balance transactions it is made of once it is reconciled; one made by hand never does.
"""

from sandbox.stripe.desk import Desk, new_id, now
from sandbox.stripe.errors import StripeProblem
from sandbox.stripe.events import announce
from sandbox.stripe.store import Document

_DAY_S = 24 * 60 * 60


def create(desk: Desk, *, currency: str = "", automatic: bool = True, arrives: bool = True) -> Document:
    """Pay out all that is in the account; `arrives` False leaves it on its way.

    currency  the account's own when empty
    """
    currency = currency or desk.account()["currency"]
    entries = [row for row in desk.store.oldest_first("balance_transaction", desk.scope)
               if row["currency"] == currency and not row.get("_payout")]  # fmt: skip
    amount = sum(entry["net"] for entry in entries)
    if amount < 1:
        raise StripeProblem(
            "You have insufficient funds in your Stripe account for a payout.", code="balance_insufficient"
        )
    payout = _new_payout(desk, currency, amount, automatic)
    own = _enter(desk, "payout", payout, -amount, entries[-1]["balance_type"])
    for entry in [*entries, own]:
        desk.save(entry | {"status": "available", "_payout": payout["id"]})
    payout = desk.save(payout | {"balance_transaction": own["id"]})
    announce(desk, "payout.created", payout)
    return arrive(desk, payout["id"]) if arrives else payout


def arrive(desk: Desk, payout_id: str) -> Document:
    """The bank has it, and an automatic one is reconciled."""
    payout = desk.find("payout", payout_id)
    if payout["status"] not in ("pending", "in_transit"):
        raise StripeProblem(f"A payout that is {payout['status']} cannot arrive.")
    payout["status"] = "paid"
    announce(desk, "payout.paid", desk.save(payout))
    if payout["automatic"]:
        payout["reconciliation_status"] = "completed"
        announce(desk, "payout.reconciliation_completed", desk.save(payout))
    return payout


def fail(desk: Desk, payout_id: str, code: str = "account_closed") -> Document:
    """The bank sends it back, also after it had been paid: the money is in the account again, for a later payout."""
    payout = desk.find("payout", payout_id)
    if payout["status"] in ("failed", "canceled"):
        raise StripeProblem(f"This payout is {payout['status']} already.")
    back = _enter(desk, "payout_failure", payout, payout["amount"], "payments")
    payout |= {
        "status": "failed", "failure_code": code, "failure_balance_transaction": back["id"],
        "failure_message": f"The bank account has been closed ({code.replace('_', ' ')}).",
    }  # fmt: skip
    announce(desk, "payout.failed", desk.save(payout))
    return payout


def _enter(desk: Desk, kind: str, payout: Document, amount: int, balance_type: str) -> Document:
    return desk.save({
        "id": new_id("txn"), "object": "balance_transaction", "amount": amount, "available_on": now(),
        "balance_type": balance_type, "created": now(), "currency": payout["currency"],
        "description": "STRIPE PAYOUT", "exchange_rate": None, "fee": 0, "fee_details": [], "net": amount,
        "reporting_category": "payout" if kind == "payout" else "payout_reversal", "source": payout["id"],
        "status": "available", "type": kind,
    })  # fmt: skip


def _new_payout(desk: Desk, currency: str, amount: int, automatic: bool) -> Document:
    return {
        "id": new_id("po"), "object": "payout", "amount": amount, "application_fee": None,
        "application_fee_amount": None, "arrival_date": (now() // _DAY_S + 1) * _DAY_S, "automatic": automatic,
        "balance_transaction": None, "created": now(), "currency": currency, "description": "STRIPE PAYOUT",
        "destination": new_id("ba"), "failure_balance_transaction": None, "failure_code": None,
        "failure_message": None, "livemode": desk.scope.livemode, "metadata": {}, "method": "standard",
        "original_payout": None, "payout_method": None,
        "reconciliation_status": "in_progress" if automatic else "not_applicable", "reversed_by": None,
        "source_type": "card", "statement_descriptor": None, "status": "in_transit", "trace_id": None,
        "type": "bank_account",
    }  # fmt: skip


def entries_of(desk: Desk, rows: list[Document], payout_id: str) -> list[Document]:
    """The balance transactions of an automatic payout that is reconciled. Raises StripeProblem for one made by hand."""
    payout = desk.find("payout", payout_id, param="payout", status=400)
    if not payout["automatic"]:
        raise StripeProblem("Balance transaction history can only be filtered on automatic payouts, not manual.",
                            param="payout")  # fmt: skip
    return [row for row in rows if row.get("_payout") == payout_id]
