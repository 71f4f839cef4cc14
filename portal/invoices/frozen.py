"""A breakdown as it is frozen on an invoice, and back: numbers are strings, each share of each line is kept."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from portal.shared.money import Money
from portal.taxes.arithmetic import Breakdown, LineParts, Policy, TaxRow

_AMOUNTS = ("gross_subtotal", "discount", "subtotal", "tax_total", "withholding", "adjustment", "rounding_adjustment",
            "total", "amount_due", "charges")  # fmt: skip


def as_text(breakdown: Breakdown, policy: Policy) -> dict[str, Any]:
    """All that a credit note, a document or an export may ask later, without reckoning anything again."""
    return {
        **{name: _plain(getattr(breakdown, name)) for name in _AMOUNTS},
        "line_totals": _each_plain(breakdown.line_totals),
        "taxes": [
            {"key": row.key, "name": row.name, "rate": str(row.rate), "kind": row.kind, "base": _plain(row.base),
             "amount": _plain(row.amount)}
            for row in breakdown.taxes
        ],
        "lines": [
            {"total": _plain(part.total), "discount": _plain(part.discount_share), "net": _plain(part.net),
             "bases": _each_plain(part.bases), "taxes": _each_plain(part.taxes)}
            for part in breakdown.lines
        ],
        "policy": {"price_includes_tax": policy.price_includes_tax, "rounding": policy.rounding,
                   "rounding_mode": policy.rounding_mode,
                   "round_total_to": policy.round_total_to and f"{policy.round_total_to.normalize():f}"},
    }  # fmt: skip


def from_text(text: dict[str, Any], currency: str) -> tuple[Breakdown, Policy]:
    """What as_text wrote."""

    def money(amount: str) -> Money:
        return Money.of(Decimal(amount), currency)

    def each(amounts: Sequence[str]) -> tuple[Money, ...]:
        return tuple(map(money, amounts))

    breakdown = Breakdown(
        **{name: money(text[name]) for name in _AMOUNTS},
        line_totals=each(text["line_totals"]),
        taxes=tuple(
            TaxRow(row["key"], row["name"], Decimal(row["rate"]), row["kind"], money(row["base"]), money(row["amount"]))
            for row in text["taxes"]
        ),
        lines=tuple(
            LineParts(money(part["total"]), money(part["discount"]), money(part["net"]), each(part["bases"]),
                      each(part["taxes"]))
            for part in text["lines"]
        ),
    )  # fmt: skip
    step = text["policy"].get("round_total_to")
    return breakdown, Policy(currency, **text["policy"] | {"round_total_to": None if step is None else Decimal(step)})


def _plain(amount: Money) -> str:
    return str(amount.decimal)


def _each_plain(amounts: Sequence[Money]) -> list[str]:
    return [str(amount.decimal) for amount in amounts]
