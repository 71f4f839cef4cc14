"""One invoice as both sides print it, compared to the cent. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from portal.taxes.arithmetic import CHARGED

_ZERO = Decimal(0)
_SUMS = ("discount", "shipping", "adjustment", "rounding", "total")
Named = tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True)
class Figures:
    """What one side prints.

    lines       name and amount of each, in their order; tax inside where prices include it
    taxes       name and amount of each that the customer pays
    adjustment  beside the rounding of the total, which Zoho does not take from us: there it is part of the adjustment
    """

    number: str
    lines: Named
    taxes: Named
    discount: Decimal
    shipping: Decimal
    adjustment: Decimal
    rounding: Decimal
    total: Decimal
    each_unit: tuple[str, ...] = ()  # taxes that Zoho has none of; their sum is part of the adjustment where it can be

    def with_adjustment(self, more: Decimal) -> "Figures":
        """After so much more was added as an adjustment."""
        return replace(self, adjustment=self.adjustment + more, total=self.total + more)


@dataclass(frozen=True)
class Pair:
    """One figure on both sides as it is printed, "" where a side has none. kind: number, line, tax, or one of the sums
    (discount, shipping, adjustment, total)."""

    kind: str
    name: str
    ours: str
    theirs: str

    @property
    def differs(self) -> bool:
        return self.ours != self.theirs


def our_figures(
    number: str, lines: Iterable[tuple[str, Decimal]], shipping: Decimal, breakdown: Mapping[str, Any]
) -> Figures:
    """From what was frozen at issue (invoices.frozen)."""
    rows = [row for row in breakdown.get("taxes", ()) if row["kind"] in CHARGED]
    beside = [] if breakdown.get("policy", {}).get("price_includes_tax") else [
        row for row in rows if row["kind"] == "fixed_per_unit"
    ]  # fmt: skip
    taxes = [(row["name"], Decimal(row["amount"])) for row in rows if row not in beside]
    adjustment = Decimal(breakdown.get("adjustment", "0")) + sum((Decimal(row["amount"]) for row in beside), _ZERO)
    return Figures(
        number, tuple(lines), _summed(taxes), Decimal(breakdown.get("discount", "0")), shipping, adjustment,
        Decimal(breakdown.get("rounding_adjustment", "0")), Decimal(breakdown.get("total", "0")),
        tuple(row["name"] for row in rows if row["kind"] == "fixed_per_unit"),
    )  # fmt: skip


def their_figures(invoice: Mapping[str, Any], *, like: Figures) -> Figures:
    """From Zoho's answer (zoho/API.md §6.3), whose numbers were read as decimals. What is missing counts as nothing.

    like  our side, which has the currency's decimals
    """
    decimals = _decimals(like.total)

    def amount(name: str, of: Mapping[str, Any] = invoice) -> Decimal:
        return _printed(Decimal(of.get(name) or 0), decimals)

    def line(each: Mapping[str, Any]) -> tuple[str, Decimal]:
        total = amount("item_total", each)
        if invoice.get("is_inclusive_tax"):  # then item_total is without tax, as it would be on this line alone
            price = Decimal(each.get("quantity") or 0) * Decimal(each.get("rate") or 0)
            total = price.quantize(_cent(decimals), rounding=ROUND_HALF_UP) - amount("discount_amount", each)
        return str(each.get("name") or each.get("description") or ""), total

    in_order = sorted(invoice.get("line_items") or (), key=lambda each: int(each.get("item_order") or 0))
    taxes = [(str(each.get("tax_name", "")), amount("tax_amount", each)) for each in invoice.get("taxes") or ()]
    return Figures(
        str(invoice.get("invoice_number", "")), tuple(map(line, in_order)), _summed(taxes),
        amount("discount_total") if invoice.get("discount_type") == "entity_level" else _ZERO,
        amount("shipping_charge"), amount("adjustment"), amount("roundoff_value"), amount("total"),
    )  # fmt: skip


def side_by_side(ours: Figures, theirs: Figures) -> list[Pair]:
    """Every figure of both, in the order in which a cause is looked for: what comes first makes the rest differ."""
    pairs = [Pair("number", "Number", ours.number, theirs.number)]
    for at in range(max(len(ours.lines), len(theirs.lines))):
        mine, yours = _at(ours.lines, at), _at(theirs.lines, at)
        pairs.append(Pair("line", (mine or yours)[0], *(_said(each[1] if each else None) for each in (mine, yours))))
    pairs += [_pair("discount", "Discount", ours.discount, theirs.discount),
              _pair("shipping", "Shipping", ours.shipping, theirs.shipping)]  # fmt: skip
    pairs += _taxes(dict(ours.taxes), dict(theirs.taxes))
    pairs.append(_pair(
        "adjustment", "Adjustment and rounding", ours.adjustment + ours.rounding, theirs.adjustment + theirs.rounding
    ))  # fmt: skip
    return [*pairs, Pair("total", "Total", _said(ours.total), _said(theirs.total))]


def differences(ours: Figures, theirs: Figures) -> list[Pair]:
    """Empty when both agree to the last cent."""
    return [pair for pair in side_by_side(ours, theirs) if pair.differs]


def cause(ours: Figures, theirs: Figures) -> str:
    """The first difference in plain words, what it comes to, and where to look; empty when both agree."""
    found = differences(ours, theirs)
    if not found:
        return ""
    said = [_WORDS[found[0].kind](found[0])]
    if found[0].kind == "adjustment" and ours.rounding != theirs.rounding:
        said = [f"Zoho rounds the total by {theirs.rounding}, here it is rounded by {ours.rounding}."
                " Compare how totals are rounded, here and in Zoho's settings."]  # fmt: skip
    if found[0].kind != "total" and found[-1].kind == "total":
        said.append(f"The total is {found[-1].ours} here and {found[-1].theirs} in Zoho.")
    if ours.each_unit:
        said.append(f"Zoho has no taxes for each unit, as {', '.join(ours.each_unit)}: none can stand on them there.")
    return " ".join(said)


def rounding_difference(ours: Figures, theirs: Figures) -> Decimal:
    """What may be sent to Zoho as an adjustment, so that its total becomes ours; 0 when that is not allowed.

    Only for what rounding explains: nothing but taxes differs, by one minor unit for each tax at most (TAX.md §2).
    """
    gap, cent = ours.total - theirs.total, _cent(_decimals(ours.total))
    kinds = {pair.kind for pair in differences(ours, theirs)}
    most = cent * max(len(ours.taxes), len(theirs.taxes))
    return gap if kinds <= {"tax", "total"} and abs(gap) <= most else _ZERO


def as_text(figures: Figures) -> dict[str, Any]:
    """As JSON keeps it: amounts are strings."""
    return {
        "number": figures.number, "lines": [[name, str(amount)] for name, amount in figures.lines],
        "taxes": [[name, str(amount)] for name, amount in figures.taxes],
        **{name: str(getattr(figures, name)) for name in _SUMS},
    }  # fmt: skip


def from_text(text: Mapping[str, Any]) -> Figures:
    """What as_text wrote."""

    def named(rows: Iterable[Sequence[str]]) -> Named:
        return tuple((name, Decimal(amount)) for name, amount in rows)

    sums = {name: Decimal(text[name]) for name in _SUMS}
    return Figures(text["number"], named(text["lines"]), named(text["taxes"]), each_unit=(), **sums)


def _taxes(ours: dict[str, Decimal], theirs: dict[str, Decimal]) -> list[Pair]:
    """By name. Zoho's own taxes may be called otherwise: of those, equal amounts belong together. No row is a row of
    nothing, as Zoho leaves out what is exempt."""
    left = dict(theirs)
    found: dict[str, Decimal | None] = {}
    for is_same in (_is_called, lambda name, other: ours[name] == theirs[other]):
        for name in [each for each in ours if each not in found]:
            twin = next((other for other in left if is_same(name, other)), None)
            if twin is not None:
                found[name] = left.pop(twin)
    if len(ours) - len(found) == len(left) == 1:  # one is left over on each side: the same tax under another name
        found[next(name for name in ours if name not in found)] = left.popitem()[1]
    pairs = [Pair("tax", name, _said(amount), _said(found.get(name))) for name, amount in ours.items()
             if amount or found.get(name)]  # fmt: skip
    return pairs + [Pair("tax", name, "", _said(amount)) for name, amount in left.items() if amount]


def _is_called(name: str, other: str) -> bool:
    """Zoho may add the rate: VAT (20%)."""
    return other.casefold() == name.casefold() or other.casefold().startswith(f"{name.casefold()} (")


def _line_words(pair: Pair) -> str:
    if not pair.theirs:
        return f"Zoho has no line “{pair.name}”."
    if not pair.ours:
        return f"Zoho has one line more: “{pair.name}”."
    return f"The line “{pair.name}” is {pair.ours} here and {pair.theirs} in Zoho: its quantity, price or discount."


def _tax_words(pair: Pair) -> str:
    if not pair.theirs:
        return f"Zoho takes no {pair.name}, here it is {pair.ours}."
    if not pair.ours:
        return f"Zoho takes {pair.name} of {pair.theirs}, which is not on this invoice here."
    return (f"{pair.name} is {pair.ours} here and {pair.theirs} in Zoho."
            " Compare the tax's rate and how taxes are rounded in Zoho's settings.")  # fmt: skip


def _sum_words(pair: Pair) -> str:
    return f"{pair.name} is {pair.ours or 0} here and {pair.theirs or 0} in Zoho."


_WORDS = {
    "number": lambda pair: f"Zoho numbered the invoice {pair.theirs or 'nothing'}; here it is {pair.ours}.",
    "line": _line_words, "tax": _tax_words,
} | dict.fromkeys(("discount", "shipping", "adjustment", "total"), _sum_words)  # fmt: skip


def _pair(kind: str, name: str, ours: Decimal, theirs: Decimal) -> Pair:
    """Nothing is not printed."""
    return Pair(kind, name, _said(ours or None), _said(theirs or None))


def _at(rows: Named, at: int) -> Any:
    return rows[at] if at < len(rows) else None


def _summed(rows: Iterable[tuple[str, Decimal]]) -> Named:
    """One row for each name: the same tax may stand in two groups."""
    found: dict[str, Decimal] = {}
    for name, amount in rows:
        found[name] = found.get(name, _ZERO) + amount
    return tuple(found.items())


def _said(amount: Decimal | None) -> str:
    return "" if amount is None else str(amount)


def _printed(amount: Decimal, decimals: int) -> Decimal:
    """With the currency's decimals; more of them are kept, as they are a difference."""
    short = amount.quantize(_cent(decimals), rounding=ROUND_HALF_UP)
    return short if short == amount else amount


def _cent(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)


def _decimals(amount: Decimal) -> int:
    return max(0, -int(amount.as_tuple().exponent))
