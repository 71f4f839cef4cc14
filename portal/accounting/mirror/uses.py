"""Where the money of a payment is over there, where it is to be, and the moves between the two. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from portal.gateways.zoho import wire

BY_THEM = "by_them"  # of what is kept of a payment: it was recorded there, with their words
SAID = "said"  # of what is kept of a payment that was recorded there: the reference that people wrote
AT_MOST = "at_most"  # of what is kept of a payment: how much of it a person lets go on an invoice there, by its id
LOWER, WITHDRAW, GIVE_BACK, RAISE = "lower", "withdraw", "give back", "raise"


@dataclass(frozen=True)
class GivenBack:
    """Money of a payment that went back to the customer, or never came.

    what       for people: "Refund R-00012/1 of 30.00"
    reference  what we find it by over there; stays the same for ever
    counts     False: it did not arrive, so that it must not be there either
    """

    what: str
    reference: str
    amount: Decimal
    on: date
    mode: str
    words: str
    counts: bool = True


@dataclass(frozen=True)
class Uses:
    """Where the money is to be: our invoice id → how much, and what went back.

    account  of what a credit note gives back: the one over there that it is paid out of
    """

    applied: Mapping[int, Decimal]
    given_back: Sequence[GivenBack] = ()
    account: str = ""


@dataclass(frozen=True)
class There:
    """Where the money is over there, as Zoho last said: its invoice id → how much, our reference → refund's id."""

    applied: Mapping[str, Decimal] = field(default_factory=dict)
    refunds: Mapping[str, str] = field(default_factory=dict)
    account: str = ""  # where the money was paid in; only Books has accounts
    pieces: Mapping[str, str] = field(default_factory=dict)  # of a credit note that was read: by what it is taken off

    def as_text(self) -> dict[str, Any]:
        return {
            "applied": {invoice_id: str(amount) for invoice_id, amount in self.applied.items()},
            "refunds": dict(self.refunds), "account": self.account, "pieces": dict(self.pieces),
        }  # fmt: skip


@dataclass(frozen=True)
class Move:
    """One step: what is on which invoice after it, or the one refund that it is about."""

    kind: str
    applied: Mapping[str, Decimal]
    refund: GivenBack | None = None


def from_text(snapshot: Mapping[str, Any] | None) -> There | None:
    """None when nobody knows where the money is over there."""
    text = (snapshot or {}).get("there")
    if text is None:
        return None
    applied = {invoice_id: Decimal(amount) for invoice_id, amount in text["applied"].items()}
    return There(applied, text["refunds"], text["account"], text.get("pieces") or {})


def kept_words(snapshot: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What stays known of a payment whose twin is gone, so that it can be made again as it was."""
    said = (snapshot or {}).get(SAID)
    return {SAID: said} if said else None


def within(snapshot: Mapping[str, Any] | None, wanted: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """What of `wanted` goes on invoices there; the rest stays the customer's credit."""
    most = {at: Decimal(amount) for at, amount in ((snapshot or {}).get(AT_MOST) or {}).items()}
    limited = {at: min(amount, most.get(at, amount)) for at, amount in wanted.items()}
    return {at: amount for at, amount in limited.items() if amount > 0}


def moves(wanted: Mapping[str, Decimal], given_back: Sequence[GivenBack], there: There) -> list[Move]:
    """In an order in which none takes money that another still holds: less first, more last."""
    lowered = {
        invoice_id: min(amount, wanted[invoice_id]) for invoice_id, amount in there.applied.items()
        if invoice_id in wanted
    }  # fmt: skip
    found = [Move(LOWER, lowered)] if lowered != there.applied else []
    found += [
        Move(WITHDRAW, lowered, each) for each in given_back if not each.counts and each.reference in there.refunds
    ]
    found += [
        Move(GIVE_BACK, lowered, each) for each in given_back if each.counts and each.reference not in there.refunds
    ]
    return [*found, Move(RAISE, wanted)] if lowered != wanted else found


def seen(answer: Mapping[str, Any], before: There | None) -> There:
    """As an answer tells of a payment; what it does not tell stays as it was."""
    known = before or There()
    applied = {
        str(each["invoice_id"]): wire.amount(each.get("amount_applied")) or Decimal(0)
        for each in answer.get("invoices") or []
    }
    refunds = known.refunds
    if "payment_refunds" in answer:
        refunds = refunds_in(answer)
    return There(applied, refunds, str(answer.get("account_id") or known.account))


def seen_credit(answer: Mapping[str, Any], otherwise: There | None) -> There | None:
    """As an answer tells of a credit note; `otherwise` where it does not tell."""
    if "invoices_credited" not in answer:
        return otherwise
    applied: dict[str, Decimal] = {}
    for each in answer["invoices_credited"]:  # put to an invoice twice, it is listed twice
        invoice_id = str(each["invoice_id"])
        applied[invoice_id] = applied.get(invoice_id, Decimal(0)) + (wire.amount(each["credited_amount"]) or Decimal(0))
    pieces = {
        str(each["invoice_id"]): str(each["creditnote_invoice_id"])
        for each in answer["invoices_credited"] if each.get("creditnote_invoice_id")
    }  # fmt: skip
    if "creditnote_refunds" in answer:
        return There(applied, _named(answer["creditnote_refunds"] or [], "creditnote_refund_id"), pieces=pieces)
    return There(applied, otherwise.refunds if otherwise else {}, pieces=pieces)


def refunds_in(answer: Mapping[str, Any]) -> dict[str, str]:
    """our reference → the refund's id"""
    return _named(answer.get("payment_refunds") or [], "payment_refund_id")


def taken_out(known: There, now: There) -> list[str]:
    """Our references of what was given back, as both sides had it, and is there no more."""
    return sorted(each for each, refund in known.refunds.items() if refund and refund not in now.refunds.values())


def _named(refunds: Sequence[Mapping[str, Any]], id_key: str) -> dict[str, str]:
    return {str(each.get("reference_number", "")): str(each.get(id_key, "")) for each in refunds}


def invoices_of(applied: Mapping[str, Decimal]) -> list[dict[str, Any]]:
    return [{"invoice_id": remote_id, "amount_applied": amount} for remote_id, amount in applied.items()]


def refund_payload(refund: GivenBack, account: str) -> dict[str, Any]:
    """account  the one that the money was paid into; "" where the product has none"""
    payload: dict[str, Any] = {
        "date": refund.on.isoformat(), "amount": refund.amount, "refund_mode": refund.mode,
        "reference_number": refund.reference, "description": refund.words,
    }  # fmt: skip
    return payload | {"from_account_id": account} if account else payload


def disagreement(payload: Mapping[str, Any], there: There) -> str:
    """What Zoho put where, when that is not what `payload` said; empty when it is."""
    wanted = {each["invoice_id"]: each["amount_applied"] for each in payload["invoices"]}
    if wanted == dict(there.applied):
        return ""
    ours, theirs = sum(wanted.values(), Decimal(0)), sum(there.applied.values(), Decimal(0))
    return f"Zoho has put {theirs} of it on invoices; here it is {ours}. Compare the payment there, then try again."
