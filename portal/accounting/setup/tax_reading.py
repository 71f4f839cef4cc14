"""What Zoho says of its taxes and of how it reckons, in plain values."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from portal.accounting.setup.desk import Caller, page_of
from portal.accounting.setup.rehearsal import NUMBERED
from portal.gateways.zoho import wire
from portal.gateways.zoho.errors import Refused

_MOST_PAGES = 10
TAX, COMPOUND, GROUP, EXEMPTION = "tax", "compound_tax", "tax_group", "exemption"
_ROUNDING = {"entity_level": "document", "item_level": "line"}  # zoho/API.md §11; the second name is a guess of ours


@dataclass(frozen=True)
class TheirTax:
    """One of Zoho's list. kind: tax, compound_tax, tax_group; or exemption, whose authority is a few words about it.

    members     the ids of a group's taxes, in its order
    applies_to  of an exemption: customer | item
    """

    id: str
    name: str
    rate: Decimal
    kind: str
    authority: str
    members: tuple[str, ...] = ()
    applies_to: str = ""

    def as_text(self) -> dict[str, Any]:
        return {**vars(self), "rate": f"{self.rate:f}", "members": list(self.members)}

    @classmethod
    def from_text(cls, text: Mapping[str, Any]) -> "TheirTax":
        return cls(**{**text, "rate": Decimal(text["rate"]), "members": tuple(text["members"])})


@dataclass(frozen=True)
class Preferences:
    """What an invoice of theirs shows of their settings; empty where they have none yet.

    discount_style  as the organisation's: line, before_tax, after_tax
    currencies      codes, the organisation's own first
    """

    rounding: str = ""
    discount_style: str = ""
    payment_terms_days: int | None = None
    last_number: str = ""
    currencies: tuple[str, ...] = ()


def read(caller: Caller) -> list[TheirTax]:
    """Calls Zoho once for each two hundred, once for each group, and once for the exemptions. Raises GatewayError."""
    found: list[TheirTax] = []
    page, has_more = 1, True
    while has_more:
        rows, has_more = page_of(caller, "/settings/taxes", "taxes", page)
        found += [their_tax(row) if row.get("tax_type") != GROUP else _group(caller, row) for row in rows]
        page += 1
    return found + _exemptions(caller)


def read_preferences(caller: Caller) -> Preferences:
    """From the invoice they made last, as no documented call tells these settings; and the currencies they use. What we
    rehearsed with tells nothing of them. Calls Zoho two or three times. Raises GatewayError."""
    currencies, _ = page_of(caller, "/settings/currencies", "currencies", 1)
    currencies.sort(key=lambda row: not row.get("is_base_currency"))
    codes = tuple(str(row.get("currency_code", "")) for row in currencies)
    body = caller.call(
        "GET", "/invoices", {"per_page": "20", "page": "1", "sort_column": "created_time", "sort_order": "D"}
    )
    rows = [row for row in body.get("invoices", []) if not str(row.get("invoice_number", "")).startswith(NUMBERED)]
    if not rows:
        return Preferences(currencies=codes)
    invoice = caller.call("GET", f"/invoices/{rows[0]['invoice_id']}")["invoice"]
    terms = str(invoice.get("payment_terms", ""))
    return Preferences(
        _ROUNDING.get(str(invoice.get("tax_rounding", "")), ""), _discount_style(invoice),
        int(terms) if terms.isdigit() else None, str(invoice.get("invoice_number", "")), codes,
    )  # fmt: skip


def count_uses(caller: Caller) -> dict[str, int]:
    """Their tax → how many of their items bear it. Calls Zoho once for each two hundred, ten times at most. Raises
    GatewayError."""
    uses: Counter[str] = Counter()
    page, has_more = 1, True
    while has_more and page <= _MOST_PAGES:
        rows, has_more = page_of(caller, "/items", "items", page, filter_by="Status.Active")
        uses.update(str(row["tax_id"]) for row in rows if row.get("tax_id"))
        page += 1
    return dict(uses)


def their_tax(row: Mapping[str, Any]) -> TheirTax:
    return TheirTax(
        str(row["tax_id"]), str(row.get("tax_name", "")), wire.amount(row.get("tax_percentage")) or Decimal(0),
        str(row.get("tax_type") or TAX), str(row.get("tax_authority_name") or ""),
    )  # fmt: skip


def _group(caller: Caller, row: Mapping[str, Any]) -> TheirTax:
    """The list does not tell what is in a group."""
    told = caller.call("GET", f"/settings/taxgroups/{row['tax_id']}")["tax_group"]
    members = tuple(str(each["tax_id"]) for each in told.get("taxes") or [])
    plain = their_tax(row)
    return TheirTax(plain.id, plain.name, plain.rate, GROUP, plain.authority, members)


def _exemptions(caller: Caller) -> list[TheirTax]:
    """Editions without exemptions refuse the question."""
    try:
        rows = caller.call("GET", "/settings/taxexemptions").get("tax_exemptions", [])
    except Refused:
        return []
    return [
        TheirTax(
            str(row.get("tax_exemption_id", "")), str(row.get("tax_exemption_code", "")), Decimal(0), EXEMPTION,
            str(row.get("description") or ""), applies_to="item" if row.get("type") == "item" else "customer",
        )
        for row in rows
    ]  # fmt: skip


def _discount_style(invoice: Mapping[str, Any]) -> str:
    if not wire.amount(invoice.get("discount_total")):
        return ""  # without a discount it tells nothing
    if invoice.get("discount_type") == "item_level":
        return "line"
    return "before_tax" if invoice.get("is_discount_before_tax", True) else "after_tax"
