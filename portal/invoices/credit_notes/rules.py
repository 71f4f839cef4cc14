"""Decisions about credit notes on plain values."""

from collections.abc import Mapping
from typing import Any

from portal.shared.errors import RuleBroken
from portal.shared.formats import money
from portal.shared.money import Money


class CannotCredit(RuleBroken):
    """This cannot be taken back; the sentence says what to do."""


def check_creditable(status: str, breakdown: Mapping[str, Any] | None) -> None:
    """breakdown: as frozen on the invoice; one without each line's share is older than credit notes are."""
    if status == "draft":
        raise CannotCredit("This invoice is a draft. Change it, or throw it away.")
    if status != "sent":
        raise CannotCredit("Only a sent invoice can be credited.")
    if "lines" not in (breakdown or {}):
        raise CannotCredit("This invoice was sent before credit notes were made here. Credit it in your books.")


def check_below_write_off(worth: Money, balance: Money, written_off: Money) -> None:
    """What was given up is no credit: of an invoice with a write-off a note takes back what is to pay, and no more."""
    zero = Money.zero(worth.currency)
    if not written_off or worth <= balance:
        return
    if balance <= zero:
        raise CannotCredit("This invoice is written off. Take that back on its page, then credit it.")
    raise CannotCredit(
        f"{money(written_off)} of this invoice is written off, so at most {money(balance)} can be credited. To credit"
        " more, take the write-off back first.", field="lines",
    )  # fmt: skip


def check_line(position: int, wanted: Money, left: Money) -> None:
    """wanted may not run the other way than the line, nor past what is left of it."""
    zero = Money.zero(wanted.currency)
    if not (zero <= wanted <= left or left <= wanted <= zero):
        raise CannotCredit(f"At most {money(left)} is left of this line.", field=f"line-{position}")


def check_total(total: Money, credited_before: Money, invoice_total: Money) -> None:
    if total <= Money.zero(total.currency):
        raise CannotCredit("Enter how much of a line is taken back.", field="lines")
    if credited_before + total > invoice_total:
        raise CannotCredit("That is more than is left of the invoice. Take back a little less.", field="lines")


def check_kept(wanted: Money, kept: Money) -> None:
    if wanted > kept:
        raise CannotCredit(f"Only {money(kept)} of this credit note is left to be put to invoices.")


def check_takes(number: str, status: str, part: Money, balance: Money) -> None:
    """Can the invoice of this number be lowered by all of `part`?"""
    if status != "sent" or part > balance:
        left = money(balance) if status == "sent" else "nothing"
        raise CannotCredit(f"It is put to {number} with {money(part)}, where {left} is to pay here.")


class CannotVoidNote(RuleBroken):
    """This note stays in force; the sentence says what to do."""


def check_note_voidable(*, is_void: bool, is_lawful: bool, given_back: Money, billed_again: str) -> None:
    """given_back: in money, by hand or to a card. billed_again: the number of an invoice that bills its lines."""
    if is_void:
        raise CannotVoidNote("This credit note is void already.")
    if not is_lawful:
        raise CannotVoidNote(
            "The law of your country lets no credit note be voided. Bill what was taken back on a new invoice."
        )
    if given_back:
        raise CannotVoidNote(
            f"{money(given_back)} went back to the customer with it, and what is gone cannot be voided. Bill what was "
            "taken back on a new invoice."
        )
    if billed_again:
        raise CannotVoidNote(f"Its lines were billed again on {billed_again}. Void or credit that invoice first.")


def check_loses_credit(number: str, status: str, written_off: Money) -> None:
    """Can the invoice of this number have credit taken off?"""
    if status != "sent" or written_off:
        said = "written off: take that back first" if written_off else f"{status}: it keeps what lowers it"
        raise CannotVoidNote(f"It is put to {number}, which is {said}.")


def part_to_apply(total: Money, balance: Money, *, keep: bool) -> Money:
    """How much of a note lowers what is to pay; the rest is kept as the customer's credit."""
    zero = Money.zero(total.currency)
    return zero if keep or balance <= zero else min(total, balance, key=lambda amount: amount.minor)
