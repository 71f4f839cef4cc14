"""Tips that a firm may allow: never chosen for the customer, on top of what is paid. On plain values."""

from collections.abc import Mapping

from portal.payments.chargeable import least_step
from portal.shared.money import Money

PERCENTS = (5, 10, 15)


def tips_on(amount: Money) -> Mapping[str, Money]:
    """What may be chosen → what it comes to on `amount`, which is paid now, to the nearest that a card can pay; those
    of nothing are left out."""
    step = least_step(amount.currency)
    steps = {str(percent): (2 * amount.minor * percent + 100 * step) // (200 * step) for percent in PERCENTS}
    return {choice: Money(count * step, amount.currency) for choice, count in steps.items() if count}


def chosen_tip(amount: Money, choice: str, *, are_taken: bool) -> Money:
    """Nothing for whatever is not offered: a tip is never charged by mistake."""
    offered = tips_on(amount) if are_taken else {}
    return offered.get(choice, Money.zero(amount.currency))
