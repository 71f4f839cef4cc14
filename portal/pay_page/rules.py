"""What the customer is told, decided on plain values."""

from datetime import date

from portal.payments.rules import is_too_small
from portal.shared.money import Money

# The states in which the page offers to pay.
PAYABLE = ("to_pay", "part_paid", "overdue")


def page_state(
    status: str, *, total: Money, balance: Money, due_on: date | None, today: date, is_processing: bool,
    takes_cards: bool, is_held: bool,
) -> str:  # fmt: skip
    """void | paid | processing | held | too_small | no_cards | overdue | part_paid | to_pay"""
    if status != "sent":
        return "void"
    if balance <= Money.zero(balance.currency):
        return "paid"
    if is_processing:
        return "processing"
    if is_held:
        return "held"
    if is_too_small(balance):
        return "too_small"
    if not takes_cards:
        return "no_cards"
    if due_on is not None and due_on < today:
        return "overdue"
    return "part_paid" if balance < total else "to_pay"
