"""Which way money goes back, and how much of a customer's credit is money: a note over an unpaid invoice is not."""

from collections.abc import Iterable
from typing import NamedTuple


def way_back(way: str, method: str) -> str:
    """How money went back, as its payer is told: card | transfer | cash | dispute.

    way     of the Refund; method: of the payment, for what goes back where it came from
    """
    if way == "stripe":
        return "card" if method == "card" else "transfer"
    return "transfer" if way == "bank_transfer" else way


class Claim(NamedTuple):
    """One invoice that stands, in minor units.

    worth  what it asks for, less the credit notes over it, wherever these were put
    paid   what payments put to it, and credit notes over other invoices
    """

    worth: int
    paid: int


def money_in_credit(put_to_invoices: int, claims: Iterable[Claim], given_back: int) -> int:
    """What can be handed back of all credit notes of a customer, in minor units; below zero where too much was.

    put_to_invoices  of payments, without what went back of them
    given_back       by hand, of credit notes, before
    It is the money that pays no claim any more. As credit that no money stands behind may pay claims, too, these count
    in full: a customer is never handed more than came from them.
    """
    used = sum(max(0, min(claim.worth, claim.paid)) for claim in claims)
    return put_to_invoices - used - given_back
