"""What the law of a country wants on an invoice beside lines and sums: place of supply, line taxes, notes, a code."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.documents import rules
from portal.invoices.documents.in_words import amount_in_words
from portal.invoices.letterhead import Letterhead
from portal.invoices.models import Invoice, InvoiceLine
from portal.shared import formats
from portal.shared.money import Money
from portal.taxes.arithmetic import CHARGED
from portal.taxes.naming import at_rate
from portal.taxes.regions import places
from portal.taxes.regions.standing import standing_of
from portal.taxes.tax_point import tax_point, tells_supply


def places_of_supply(country: str, invoice: Invoice) -> list[str]:
    """Each once; with its code where the firm's own place has one, too (India's states)."""
    names, has_code = places(country), bool(standing_of(country).get("own_place"))
    codes = dict.fromkeys(line.place_of_supply for line in invoice.lines if line.place_of_supply)
    return [names.get(code, code) + (f" ({code})" if has_code else "") for code in codes]


def days_of(country: str, invoice: Invoice) -> list[tuple[str, date]]:
    """Beside the invoice's own: the day of the work, and the tax point where it is neither (UK: VAT Regulations 1995,
    reg. 14; EU: directive 2006/112, article 226 (7))."""
    supplied, issued = invoice.supplied_on, invoice.issued_on
    if supplied is None or issued is None or supplied > issued or not tells_supply(country):
        return []
    point = tax_point(country, supplied, issued)
    return [("supplied_on", supplied)] + ([("tax_point", point)] if country == "GB" and point != issued else [])


def detail_of(invoice: Invoice, position: int, law: Mapping[str, Any], words: dict[str, str], locale: str) -> str:
    """Below a line: its discount; the number of its kind of goods or service, and each tax of it in money, where the
    law asks."""
    line = invoice.lines[position]
    said = _discount_of(line, words, locale)
    said += [f"{law['item_codes']} {line.hsn_sac}"] if law.get("item_codes") and line.hsn_sac else []
    breakdown = invoice.breakdown or {}
    if law.get("line_taxes") and position < len(breakdown.get("lines", ())):
        shares = breakdown["lines"][position]["taxes"]
        said += [
            f"{row['name']} {formats.amount(Money.of(Decimal(share), invoice.currency), locale)}"
            for row, share in zip(breakdown["taxes"], shares, strict=True)
            if row["kind"] in CHARGED and Decimal(share)
        ]
    return " · ".join(said)


def _discount_of(line: InvoiceLine, words: dict[str, str], locale: str) -> list[str]:
    if line.discount_percent:
        return [f"{words['discount']} {formats.quantity(line.discount_percent, locale)} %"]
    return [f"{words['discount']} {formats.money(line.discount, locale)}"] if line.discount_minor else []


def notes_of(head: Letterhead, invoice: Invoice, words: dict[str, str], locale: str) -> list[str]:
    """What is said below the sums."""
    law, rows = rules.law_of(head.country), (invoice.breakdown or {}).get("taxes", ())
    notes = _by_kind(words, law, {row["kind"] for row in rows})
    notes += _accounted_for(words, law, rows, invoice.currency, locale)
    notes += dict.fromkeys(_ground(line) for line in invoice.lines if _needs_ground(line.tax_why))
    if includes_tax(invoice) and head.country in ("AU", "NZ", "SG") and len(invoice.taxes) == 1:
        notes.append(rules.told(words["includes_tax"], name=at_rate(invoice.taxes[0].name, invoice.taxes[0].rate)))
    if any(is_reduced(invoice, line, law) for line in invoice.lines):
        notes.append(words["reduced"])
    notes += _tax_elsewhere(head, invoice.tax, invoice.exchange_rate, words, locale)
    return notes + _at_the_end(words, law, head.language, invoice.total)


def is_reduced(invoice: Invoice, line: InvoiceLine, law: Mapping[str, Any]) -> bool:
    """At a rate that the law wants marked; so much money for each unit is no rate."""
    rows = (invoice.breakdown or {}).get("taxes", ())
    each_unit = {row["key"] for row in rows if row["kind"] == "fixed_per_unit"}
    return line.tax_rate == Decimal(law.get("marks_reduced", "-1")) and str(line.tax_id) not in each_unit


def credit_notes_notes(head: Letterhead, note: CreditNote, words: dict[str, str], locale: str) -> list[str]:
    """The same of a credit note, as far as it takes back."""
    law = rules.law_of(head.country)
    rows = [{"kind": row.kind, "name": row.name, "rate": row.rate, "base": row.base.decimal,
             "amount": row.amount.decimal}
            for row in note.taxes]  # fmt: skip
    notes = _by_kind(words, law, {row.kind for row in note.taxes})
    notes += _accounted_for(words, law, rows, note.currency, locale)
    notes += _tax_elsewhere(head, note.tax, note.invoice.exchange_rate, words, locale)
    return notes + _at_the_end(words, law, head.language, note.total)


def code_of(head: Letterhead, at: datetime | None, total: Money, tax: Money) -> str:
    """What the QR code says, where the law wants one on what was sent."""
    if not rules.law_of(head.country).get("qr") or at is None:
        return ""
    moment = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return rules.saudi_code(head.name, head.tax_number, moment, total.decimal, tax.decimal)


def _by_kind(words: dict[str, str], law: Mapping[str, Any], kinds: set[str]) -> list[str]:
    notes = [words[kind] for kind in ("reverse_charge", "exempt") if kind in kinds]
    if law.get("says_reverse_charge"):
        notes.append(words["on_reverse_charge" if "reverse_charge" in kinds else "not_on_reverse_charge"])
    return notes


def _accounted_for(
    words: dict[str, str], law: Mapping[str, Any], rows: Iterable[Mapping[str, Any]], currency: str, locale: str
) -> list[str]:
    """The tax that the customer owes instead, where the law wants it in money (HMRC, domestic reverse charge).

    Across borders it must not be told: whoever states a tax owes it (directive 2006/112, article 203).
    """
    if not law.get("tells_reverse_charge"):
        return []
    return [
        rules.told(
            words["accounted_for"], name=at_rate(row["name"], Decimal(row["rate"]), row["kind"]),
            base=formats.money(Money.of(Decimal(row["base"]), currency), locale),
            amount=formats.money(Money.of(Decimal(row["amount"]), currency), locale),
        )
        for row in rows if row["kind"] == "reverse_charge"
    ]  # fmt: skip


def _at_the_end(words: dict[str, str], law: Mapping[str, Any], language: str, total: Money) -> list[str]:
    """The total in words in the document's language, and in the second one where the law asks for both."""
    languages = dict.fromkeys(filter(None, (language, law.get("second_language", "")))) if law.get("in_words") else ()
    said = " · ".join(filter(None, (amount_in_words(total.decimal, total.currency, each) for each in languages)))
    return ([f"{words['in_words']}: {said}"] if said else []) + [words[key] for key in law.get("notes", ())]


def _tax_elsewhere(
    head: Letterhead, tax: Money, rate: Decimal | None, words: dict[str, str], locale: str
) -> list[str]:  # fmt: skip
    """The tax in the country's own currency, where the document's is another; rate: the invoice's."""
    local = rules.other_currency(head.country, tax.currency)
    if not local or rate is None:
        return []
    amount = formats.money(Money.rounded(tax.decimal * rate, local), locale)
    return [
        rules.told(words["tax_elsewhere"], amount=amount, currency=tax.currency, rate=f"{rate.normalize():f} {local}")
    ]


def includes_tax(paper: Invoice | CreditNote) -> bool:
    """Whether the printed lines have the tax inside."""
    return bool((paper.breakdown or {}).get("policy", {}).get("price_includes_tax"))


def _ground(line: InvoiceLine) -> str:
    return f"{line.tax_name}: {line.tax_why}" if line.tax_name else line.tax_why


def _needs_ground(why: str) -> bool:
    return bool(why) and not why.endswith(" rate")
