"""What the customer is told, decided on plain values."""

from dataclasses import dataclass

from portal.invoices.balance import Due
from portal.payments.chargeable import unfit_for_cards
from portal.shared.money import Money

# The states in which the page offers to pay.
PAYABLE = ("to_pay", "part_paid", "overdue")
# Cards cannot pay so much, or so little, alone.
UNFIT = ("too_small", "too_large", "not_exact")
# With nothing left to pay, the page may be kept for ever: it is the receipt. So with what was paid of one that ended.
SETTLED = ("paid", "refunded", "credited")


@dataclass(frozen=True)
class Standing:
    """How an invoice stands. All amounts in one currency.

    paid        what of payments is still with the firm
    given_back  what of payments went back to the customer, by the firm or by a bank
    under_way   what of the balance a bank is just paying: only the rest can be paid
    """

    status: str
    total: Money
    paid: Money
    credited: Money
    given_back: Money
    balance: Money
    under_way: Money
    is_overdue: bool = False
    is_disputed: bool = False
    is_held: bool = False
    is_replaced: bool = False
    takes_cards: bool = True
    is_written_off: bool = False  # nothing is to pay because the firm gave the rest up
    is_tried_out: bool = False  # too many cards were refused for it

    @property
    def to_pay(self) -> Money:
        return Due(self.balance, self.under_way).to_pay


def page_state(now: Standing) -> str:
    """The one page to show.

    void | replaced | written_off | paid | refunded | credited | disputed | processing | held | refused | too_small |
    too_large | not_exact | no_cards | overdue | part_paid | to_pay
    """
    if now.status == "void":
        return "replaced" if now.is_replaced else "void"
    zero = Money.zero(now.balance.currency)
    if now.balance <= zero:
        return _settled(now, zero)
    return _closed_for_now(now) or _payable(now)


def _settled(now: Standing, zero: Money) -> str:
    if now.is_written_off:
        return "written_off"
    if now.paid > zero or now.credited <= zero:
        return "paid"
    return "refunded" if now.given_back > zero else "credited"


def _closed_for_now(now: Standing) -> str:
    """Why nothing can be paid at this moment, or "". What the bank does comes before what the firm does."""
    unfit = unfit_for_cards(now.to_pay)
    reasons = (
        ("disputed", now.is_disputed), ("processing", not now.to_pay), ("held", now.is_held),
        ("refused", now.is_tried_out),
        (unfit, bool(unfit)), ("no_cards", not now.takes_cards),
    )  # fmt: skip
    return next((state for state, holds in reasons if holds), "")


def _payable(now: Standing) -> str:
    if now.is_overdue:
        return "overdue"
    return "part_paid" if now.to_pay < now.total else "to_pay"
