"""How much of an invoice can be paid at once: the firm's rule, and what a card payment can be. On plain values."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR

from portal.payments.chargeable import card_step, in_steps, least_charge, unfit_for_cards
from portal.shared.money import Money
from portal.shared.text import decimal_from


@dataclass(frozen=True)
class Parts:
    """What may be paid instead of the whole balance. All of them are such as cards can pay.

    most     leaves enough for another card payment
    half     None where half is less than the least
    deposit  what the firm asks for at first; None where it asks for none, or has had something
    step     what another amount has to be a multiple of; None where any will do
    """

    least: Money
    most: Money
    half: Money | None
    deposit: Money | None = None
    step: Money | None = None


class PartRefused(Exception):
    """key: what to tell, in the catalogue of phrases, filled with the amounts."""

    def __init__(self, key: str, **amounts: Money) -> None:
        super().__init__(key)
        self.key, self.amounts = key, amounts


def parts_of(balance: Money, *, are_taken: bool, least_part: Money, deposit_percent: int = 0) -> Parts | None:
    """None where only the whole can be paid.

    least_part       what the firm asks for at once, in its own currency
    deposit_percent  of the balance, while nothing has been paid
    """
    smallest = least_charge(balance.currency)
    asked = least_part if least_part.currency == balance.currency else smallest
    least, most = in_steps(max(smallest, asked), ROUND_CEILING), in_steps(balance - smallest, ROUND_FLOOR)
    if not are_taken or least > most:
        return None
    half = in_steps(Money((balance.minor + 1) // 2, balance.currency))
    deposit = in_steps(Money.rounded(balance.decimal * deposit_percent / 100, balance.currency))
    is_deposit = least <= deposit <= most and deposit != half and not unfit_for_cards(deposit)
    return Parts(
        least, most, half if least <= half <= most else None, deposit if is_deposit else None,
        card_step(balance.currency),
    )  # fmt: skip


def chosen_amount(balance: Money, parts: Parts | None, choice: str, typed: str) -> Money:
    """The amount behind a button, or as somebody typed it. Raises PartRefused.

    choice  "" for the whole, half, deposit, or other
    """
    if not choice:
        return balance
    if parts is None:
        raise PartRefused("parts_not_taken")
    if choice == "half" and parts.half is not None:
        return parts.half
    if choice == "deposit" and parts.deposit is not None:
        return parts.deposit
    try:
        wanted = Money.of(decimal_from(typed), balance.currency)
    except ValueError as problem:
        raise PartRefused("amount_unclear", example=parts.least) from problem
    if wanted > balance:
        raise PartRefused("amount_too_high", most=balance)
    if wanted < parts.least:
        raise PartRefused("amount_too_low", least=parts.least)
    if parts.step is not None and wanted != balance and wanted.minor % parts.step.minor:
        raise PartRefused("amount_between", step=parts.step)
    if parts.most < wanted < balance:
        raise PartRefused("amount_leaves_too_little", least=least_charge(balance.currency))
    return wanted
