"""Tips that a firm may allow: never chosen for the customer, on top of what is paid. On plain values."""

from collections.abc import Mapping

from portal.shared.money import Money

PERCENTS = (5, 10, 15)


def tips_on(amount: Money) -> Mapping[str, Money]:
    """What may be chosen → what it comes to, rounded up to the minor unit; those of nothing are left out."""
    found = {str(percent): Money(-(-amount.minor * percent // 100), amount.currency) for percent in PERCENTS}
    return {choice: tip for choice, tip in found.items() if tip.minor > 0}


def chosen_tip(amount: Money, choice: str, *, are_taken: bool) -> Money:
    """Nothing for whatever is not offered: a tip is never charged by mistake."""
    offered = tips_on(amount) if are_taken else {}
    return offered.get(choice, Money.zero(amount.currency))
