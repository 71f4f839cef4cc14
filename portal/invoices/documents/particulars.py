"""What the law of a country wants on an invoice beside lines and sums: place of supply, line taxes, notes, a code."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.documents import rules
from portal.invoices.documents.in_words import amount_in_words
from portal.invoices.documents.speech import Speech, Told
from portal.invoices.grounds import Ground, grounds_of
from portal.invoices.letterhead import Letterhead
from portal.invoices.models import Invoice, InvoiceLine
from portal.shared import formats
from portal.shared.money import Money
from portal.taxes.arithmetic import CHARGED
from portal.taxes.naming import at_rate
from portal.taxes.regions import places
from portal.taxes.regions.standing import standing_of
from portal.taxes.tax_point import tax_point, tells_supply


def places_of_supply(country: str, invoice: Invoice, speech: Speech) -> list[str]:
    """Each once; with its code where the firm's own place has one, too (India's states)."""
    names, has_code = places(country), bool(standing_of(country).get("own_place"))
    codes = dict.fromkeys(line.place_of_supply for line in invoice.lines if line.place_of_supply)
    return [speech.place(names.get(code, code)) + (f" ({code})" if has_code else "") for code in codes]


def days_of(country: str, invoice: Invoice) -> list[tuple[str, date]]:
    """Beside the invoice's own: the day of the work, and the tax point where it is neither (UK: VAT Regulations 1995,
    reg. 14; EU: directive 2006/112, article 226 (7))."""
    supplied, issued = invoice.supplied_on, invoice.issued_on
    if supplied is None or issued is None or supplied > issued or not tells_supply(country):
        return []
    point = tax_point(country, supplied, issued)
    return [("supplied_on", supplied)] + ([("tax_point", point)] if country == "GB" and point != issued else [])


def detail_of(invoice: Invoice, position: int, law: Mapping[str, Any], speech: Speech) -> str:
    """Below a line: its discount; the number of its kind of goods or service, and each tax of it in money, where the
    law asks."""
    line = invoice.lines[position]
    said = _discount_of(line, speech)
    said += [speech.own(f"{law['item_codes']} {line.hsn_sac}")] if law.get("item_codes") and line.hsn_sac else []
    breakdown = invoice.breakdown or {}
    if law.get("line_taxes") and position < len(breakdown.get("lines", ())):
        shares = breakdown["lines"][position]["taxes"]
        said += [
            f"{speech.tax(row['name'])} {formats.amount(Money.of(Decimal(share), invoice.currency), speech.locale)}"
            for row, share in zip(breakdown["taxes"], shares, strict=True)
            if row["kind"] in CHARGED and Decimal(share)
        ]
    return " · ".join(said)


def _discount_of(line: InvoiceLine, speech: Speech) -> list[str]:
    if line.discount_percent:
        return [f"{speech.words['discount']} {formats.quantity(line.discount_percent, speech.locale)} %"]
    return [f"{speech.words['discount']} {speech.money(line.discount)}"] if line.discount_minor else []


def notes_of(head: Letterhead, invoice: Invoice, speech: Speech) -> list[str]:
    """What is said below the sums."""
    law, rows = rules.law_of(head.country), (invoice.breakdown or {}).get("taxes", ())
    notes = _by_kind(speech, law, {row["kind"] for row in rows})
    notes += _accounted_for(speech, law, rows, invoice.currency)
    notes += map(speech.ground, grounds_of(invoice.lines, invoice.shipping_tax_why))
    if includes_tax(invoice) and head.country in ("AU", "NZ", "SG") and len(invoice.taxes) == 1:
        row = invoice.taxes[0]
        notes.append(speech.say("includes_tax", name=Told(at_rate(row.name, row.rate, mark=speech.mark))))
    if any(is_reduced(invoice, line, law) for line in invoice.lines):
        notes.append(f"{law['reduced_mark']} {speech.words['reduced']}")
    notes += _tax_elsewhere(head, invoice.tax, invoice.exchange_rate, speech)
    return notes + _at_the_end(speech, law, invoice.total)


def is_reduced(invoice: Invoice, line: InvoiceLine, law: Mapping[str, Any]) -> bool:
    """At a rate that the law wants marked; so much money for each unit is no rate."""
    rows = (invoice.breakdown or {}).get("taxes", ())
    each_unit = {row["key"] for row in rows if row["kind"] == "fixed_per_unit"}
    return line.tax_rate == Decimal(law.get("marks_reduced", "-1")) and str(line.tax_id) not in each_unit


def credit_notes_notes(head: Letterhead, note: CreditNote, speech: Speech) -> list[str]:
    """The same of a credit note, as far as it takes back."""
    law = rules.law_of(head.country)
    rows = [{"kind": row.kind, "name": row.name, "rate": row.rate, "base": row.base.decimal,
             "amount": row.amount.decimal}
            for row in note.taxes]  # fmt: skip
    notes = _by_kind(speech, law, {row.kind for row in note.taxes})
    notes += _accounted_for(speech, law, rows, note.currency)
    notes += map(speech.ground, _grounds_of_note(note))
    lines = credited_lines(note)
    if any(is_reduced(note.invoice, line, law) for line in lines.values()):
        notes.append(f"{law['reduced_mark']} {speech.words['reduced']}")
    notes += _tax_elsewhere(head, note.tax, note.invoice.exchange_rate, speech)
    return notes + _at_the_end(speech, law, note.total)


def credited_lines(note: CreditNote) -> dict[int, InvoiceLine]:
    """The invoice's lines that a note takes back, by their numbers."""
    taken = {line.invoice_line_id for line in note.lines}
    return {line.id: line for line in note.invoice.lines if line.id in taken}


def _grounds_of_note(note: CreditNote) -> list[Ground]:
    ships = any(line.invoice_line_id is None for line in note.lines)
    return grounds_of(credited_lines(note).values(), note.invoice.shipping_tax_why if ships else "")


def code_of(head: Letterhead, at: datetime | None, total: Money, tax: Money) -> str:
    """What the QR code says, where the law wants one on what was sent."""
    if not rules.law_of(head.country).get("qr") or at is None:
        return ""
    moment = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return rules.saudi_code(head.name, head.tax_number, moment, total.decimal, tax.decimal)


def _by_kind(speech: Speech, law: Mapping[str, Any], kinds: set[str]) -> list[str]:
    notes = [speech.words[kind] for kind in ("reverse_charge", "exempt") if kind in kinds]
    if law.get("says_reverse_charge"):
        notes.append(speech.words["on_reverse_charge" if "reverse_charge" in kinds else "not_on_reverse_charge"])
    return notes


def _accounted_for(
    speech: Speech, law: Mapping[str, Any], rows: Iterable[Mapping[str, Any]], currency: str
) -> list[str]:
    """The tax that the customer owes instead, where the law wants it in money (HMRC, domestic reverse charge).

    Across borders it must not be told: whoever states a tax owes it (directive 2006/112, article 203).
    """
    if not law.get("tells_reverse_charge"):
        return []
    return [
        speech.say(
            "accounted_for", name=Told(at_rate(row["name"], Decimal(row["rate"]), row["kind"], mark=speech.mark)),
            base=speech.money(Money.of(Decimal(row["base"]), currency)),
            amount=speech.money(Money.of(Decimal(row["amount"]), currency)),
        )
        for row in rows if row["kind"] == "reverse_charge"
    ]  # fmt: skip


def _at_the_end(speech: Speech, law: Mapping[str, Any], total: Money) -> list[str]:
    """The total in words in the document's languages, where the law or custom asks."""
    said = [amount_in_words(total.decimal, total.currency, each) for each in speech.languages]
    in_words = f"{speech.words['in_words']}: {speech.both(said)}" if law.get("in_words") and any(said) else ""
    return [in_words] * bool(in_words) + [speech.words[key] for key in law.get("notes", ())]


def _tax_elsewhere(head: Letterhead, tax: Money, rate: Decimal | None, speech: Speech) -> list[str]:
    """The tax in the country's own currency, where the document's is another; rate: the invoice's."""
    local = rules.other_currency(head.country, tax.currency)
    if not local or rate is None:
        return []
    amount = speech.money(Money.rounded(tax.decimal * rate, local))
    return [speech.say("tax_elsewhere", amount=amount, currency=tax.currency, rate=f"{rate.normalize():f} {local}")]


def includes_tax(paper: Invoice | CreditNote) -> bool:
    """Whether the printed lines have the tax inside."""
    return bool((paper.breakdown or {}).get("policy", {}).get("price_includes_tax"))
