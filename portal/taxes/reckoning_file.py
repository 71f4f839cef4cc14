"""`portal reckon`: documents given as JSON, their breakdown printed as JSON. Needs no configuration and no database."""

import json
from decimal import Decimal
from typing import IO, Any

from portal.shared.money import Money, is_in_use
from portal.taxes.arithmetic import (
    UNCHARGED,
    Breakdown,
    Charge,
    Discount,
    Impossible,
    Line,
    LineTax,
    Policy,
    reckon,
)
from portal.taxes.json_object import REQUIRED, JsonObject

HELP = """\
Prints the breakdown of a document given as JSON (FILE, or - for standard input), or of a list of documents, one JSON
a line, one answer a line. Every number is a string, in and out.

input   currency (ISO code), currency_decimals (0 to 3), price_includes_tax (true|false), rounding (document|line),
        rounding_mode (half_up|half_down|half_even|down|up), lines: [{quantity, unit_price, discount_percent or
        discount_amount, taxes}], document_discount: {type: percent|amount, value, applied: before_tax|after_tax},
        document_charges: [{amount, taxes}], adjustment, round_total_to, prepaid
taxes   [{name, rate, kind, compound, base_includes}]; kind: percent, zero, exempt, out_of_scope, reverse_charge,
        withholding, fixed_per_unit (rate is an amount for one unit of quantity). A compound tax is reckoned on the
        price and the taxes named in base_includes, or all that are not compound. The same name at two rates is two
        rows, each rounded by itself. A rate in percent is 100 at most, as on the portal's own pages.
left    must be there: currency, lines, quantity, unit_price; a tax's name, and its rate where its kind charges one; a
out     discount's type and value; a charge's amount. What else is left out: price_includes_tax false, rounding
        document, rounding_mode half_up, a discount's applied before_tax, kind percent, compound false (true for a
        percent with base_includes); no taxes, no discounts, no charges, no adjustment, nothing prepaid, the total not
        rounded. null says "none" of a discount, the adjustment, round_total_to, prepaid and currency_decimals;
        anywhere else it is refused.
        currency_decimals left out are the currency's own. Given, they go before ISO's, as a firm's books may keep yen
        with two; and a code that ISO does not list needs them.
output  line_totals (after the line's discount, before the document's; tax inside where prices include it),
        gross_subtotal (their sum), discount (the document's), subtotal (net of tax, after every discount and with the
        charges), taxes_by_name, tax_total, withholding, adjustment, rounding_adjustment, total, amount_due

  total = subtotal + tax_total + adjustment + rounding_adjustment, always: a discount after tax leaves every tax as it
  is and lowers the subtotal. taxes_by_name adds up to tax_total: zero, exempt, out-of-scope and reverse-charge taxes
  stand there with nothing to pay, a withholding does not stand there. withholding is negative:
  amount_due = total + withholding - prepaid.

A discount on lines and one on the document may stand together here; the portal's own pages give one of the two, as
Zoho does. Several compound taxes may stand on a line, each on those that it names.

What cannot be is refused with its place, as in lines[2].taxes[0].rate, and exit 2. Quantities, unit prices and rates
have six decimals at most, amounts as many as the currency: what is finer is refused, never rounded. What a line comes
to is rounded to the currency, once, by rounding_mode.
"""

_TAX = frozenset(("name", "rate", "kind", "compound", "base_includes"))
_LINE = frozenset(("quantity", "unit_price", "discount_percent", "discount_amount", "taxes"))
_CHARGE = frozenset(("amount", "taxes"))
_DISCOUNT = frozenset(("type", "value", "applied"))
_DOCUMENT = frozenset((
    "currency", "currency_decimals", "price_includes_tax", "rounding", "rounding_mode", "lines", "document_discount",
    "document_charges", "adjustment", "round_total_to", "prepaid",
))  # fmt: skip


def print_breakdowns(given: IO[str], out: IO[str], complaints: IO[str]) -> int:
    """Answers each document as it comes. 0 well; 2 and a sentence about the first that cannot be."""
    number = 0
    seen = False
    try:
        for number, text in enumerate(given, 1):
            if not text.strip():
                continue
            one_over_many_lines = not seen and not _is_json(text)
            alone = one_over_many_lines or (not seen and not text.endswith("\n"))
            seen = True
            try:
                _answer(text + given.read() if one_over_many_lines else text, out, 2 if one_over_many_lines else None)
            except Impossible as problem:
                place = "" if alone else f"line {number}: "
                complaints.write(f"portal reckon: {place}{problem}\n")
                return 2
    except UnicodeDecodeError:
        complaints.write(f"portal reckon: line {number + 1}: is no UTF-8 text\n")
        return 2
    if not seen:
        complaints.write("portal reckon: nothing was given\n")
    return 0 if seen else 2


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_float=Decimal)
    except ValueError:
        return False
    except RecursionError:  # more lines would make it no better: it is refused as it stands
        return True
    return True


def _answer(text: str, out: IO[str], indent: int | None) -> None:
    try:
        given = json.loads(text, parse_float=Decimal, object_pairs_hook=_once_each)
    except (ValueError, RecursionError) as problem:
        raise Impossible("the document", f"is not JSON: {problem}") from None
    json.dump(breakdown_of(given), out, indent=indent)
    out.write("\n")
    out.flush()


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise Impossible(next(name for name in names if names.count(name) > 1), "is given twice")
    return found


def breakdown_of(given: Any) -> dict[str, Any]:
    """The printed parts of one document, as plain values. Raises Impossible."""
    document = JsonObject("", given, _DOCUMENT)
    decimals = document.count("currency_decimals")
    policy = Policy(
        currency=_currency(document, decimals),
        price_includes_tax=document.flag("price_includes_tax"),
        rounding=document.word("rounding", "document"),
        rounding_mode=document.word("rounding_mode", "half_up"),
        round_total_to=document.optional("round_total_to"),
        currency_decimals=decimals,
    )
    lines = tuple(_line(one) for one in document.each("lines", _LINE, REQUIRED))
    if not lines:
        raise Impossible("lines", "must hold at least one line")
    found = reckon(
        lines, policy,
        discount=_discount(document.part("document_discount", _DISCOUNT)),
        charges=tuple(Charge(one.number("amount"), _taxes(one)) for one in document.each("document_charges", _CHARGE)),
        adjustment=document.optional("adjustment") or Decimal(0), prepaid=document.optional("prepaid") or Decimal(0),
    )  # fmt: skip
    return _as_text(found, policy.decimals)


def _currency(document: JsonObject, decimals: int | None) -> str:
    code = document.text("currency", "[A-Z]{3}", "must be three capital letters")
    if decimals is None and not is_in_use(code):
        raise Impossible(
            "currency", f"{code!r} is no currency that ISO lists: correct it, or give currency_decimals too"
        )
    return code


def _as_text(found: Breakdown, decimals: int) -> dict[str, Any]:
    def text(money: Money) -> str:
        return f"{Decimal(money.minor).scaleb(-decimals):f}"

    by_name: dict[str, Money] = {}
    for row in found.taxes:
        if row.kind != "withholding":
            charged = row.amount if row.is_charged else Money.zero(row.amount.currency)
            by_name[row.name] = by_name[row.name] + charged if row.name in by_name else charged
    single = ("tax_total", "withholding", "adjustment", "rounding_adjustment", "total", "amount_due")
    return {
        "line_totals": [text(money) for money in found.line_totals],
        "gross_subtotal": text(found.gross_subtotal),
        "discount": text(found.discount),
        "subtotal": text(found.subtotal),
        "taxes_by_name": {name: text(money) for name, money in by_name.items()},
        **{name: text(getattr(found, name)) for name in single},
    }


def _line(given: JsonObject) -> Line:
    return Line(
        quantity=given.number("quantity"), unit_price=given.number("unit_price"), taxes=_taxes(given),
        discount_percent=given.optional("discount_percent"), discount_amount=given.optional("discount_amount"),
    )  # fmt: skip


def _discount(given: JsonObject | None) -> Discount | None:
    if given is None:
        return None
    return Discount(given.word("type"), given.number("value"), given.word("applied", "before_tax"))


def _taxes(given: JsonObject) -> tuple[LineTax, ...]:
    return tuple(_tax(one) for one in given.each("taxes", _TAX))


def _tax(given: JsonObject) -> LineTax:
    name, kind = given.text("name"), given.word("kind", "percent")
    rate = given.number("rate", Decimal(0) if kind in UNCHARGED else REQUIRED)
    if kind in UNCHARGED and rate:
        raise Impossible(f"{given.path}.rate", f"a tax of the kind {kind} charges nothing: its rate is 0")
    on = given.words("base_includes")
    return LineTax(name, name, rate, kind, given.flag("compound", default=bool(on) and kind == "percent"), on)
