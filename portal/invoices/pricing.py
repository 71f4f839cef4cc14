"""What a draft is given beside its lines, on plain values: discounts, shipping, an adjustment; and who may give it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from portal.shared.errors import RuleBroken
from portal.shared.money import Money
from portal.shared.text import as_typed


class CannotPrice(RuleBroken):
    """The draft cannot be priced like this; the sentence says what to do."""


_SETTINGS = "An administrator can change that under Settings, Documents and money."
_NOT_ON_LINES = f"Your firm gives no discounts on lines. {_SETTINGS}"
_NOT_ON_WHOLE = f"Your firm gives no discounts on whole invoices. {_SETTINGS}"
_OTHERWISE_TAKEN_OFF = f"Your firm takes this discount off at another point. {_SETTINGS}"


@dataclass(frozen=True)
class Cut:
    """A discount: percent or amount, or nothing. applied matters on a whole document only."""

    percent: Decimal | None = None
    amount: Money | None = None
    applied: str = "before_tax"

    def __bool__(self) -> bool:
        return bool(self.percent) or bool(self.amount)


@dataclass(frozen=True)
class Pricing:
    """lines: by the line's id. The adjustment is signed and untaxed. shipping_tax_id: what shipping bears where
    customer and place ask for nothing else; None: the firm's usual tax."""

    adjustment: Money
    shipping: Money
    shipping_tax_id: int | None = None
    withholding_tax_id: int | None = None
    exchange_rate: Decimal | None = None
    adjustment_reason: str = ""
    whole: Cut = field(default_factory=Cut)
    lines: Mapping[int, Cut] = field(default_factory=dict)


def check_style(pricing: Pricing, style: str, before: Pricing) -> None:
    """What the firm's settings do not offer cannot be given anew; what a draft has may stay. Raises CannotPrice."""
    if style in ("none", "before_tax", "after_tax"):
        for line_id, cut in pricing.lines.items():
            if cut and cut != before.lines.get(line_id):
                raise CannotPrice(_NOT_ON_LINES, field=f"discount-{line_id}")
    if not pricing.whole or pricing.whole == before.whole:
        return
    if style in ("none", "line"):
        raise CannotPrice(_NOT_ON_WHOLE, field="discount")
    if style in ("before_tax", "after_tax") and pricing.whole.applied != style:
        raise CannotPrice(_OTHERWISE_TAKEN_OFF, field="applied")


def check_pricing(pricing: Pricing, gross: Mapping[int, Money], limit: Decimal) -> None:
    """Raises CannotPrice.

    gross  what each line comes to before any discount, by its id
    limit  percent that this person may give away; a negative adjustment counts as given away
    """
    cuts = {line_id: cut for line_id, cut in pricing.lines.items() if cut}
    if cuts and pricing.whole:
        raise CannotPrice("Give the discount on lines or on the whole invoice, not on both.", field="discount")
    for line_id, cut in cuts.items():
        _check_cut(cut, gross[line_id], limit, f"discount-{line_id}")
    whole = Money.total(gross.values(), pricing.shipping.currency)
    if pricing.whole:
        _check_cut(pricing.whole, whole, limit, "discount")
    if pricing.adjustment and not pricing.adjustment_reason:
        raise CannotPrice("Say what the adjustment is for: it is printed on the invoice.", field="adjustment_reason")
    given_away = Money.zero(whole.currency) - min(pricing.adjustment, Money.zero(whole.currency), key=_minor)
    if limit < 100:
        given_away += _most_given(cuts, pricing.whole, gross, whole)
    if given_away.minor * 100 > limit * whole.minor:
        raise CannotPrice(_too_much(limit), field="adjustment")


def _check_cut(cut: Cut, of: Money, limit: Decimal, name: str) -> None:
    if cut.amount is not None and cut.amount > of:
        raise CannotPrice("A discount cannot be more than the price.", field=name)
    if (cut.percent or 0) > limit or (cut.amount is not None and cut.amount.minor * 100 > limit * of.minor):
        raise CannotPrice(_too_much(limit), field=name)


def _most_given(cuts: Mapping[int, Cut], whole_cut: Cut, gross: Mapping[int, Money], whole: Money) -> Money:
    given = sum((_given(cut, gross[line_id]) for line_id, cut in cuts.items()), _given(whole_cut, whole))
    return Money.rounded(given, whole.currency)


def _given(cut: Cut, of: Money) -> Decimal:
    return cut.amount.decimal if cut.amount else of.decimal * (cut.percent or Decimal(0)) / 100


def _too_much(limit: Decimal) -> str:
    if not limit:
        return "Your role gives no discounts. Ask a manager."
    if limit >= 100:
        return "That is more than the whole invoice comes to. Give less away."
    return f"Your role may give away {as_typed(limit)} % at most. Ask a manager for more."


def _minor(amount: Money) -> int:
    return amount.minor
