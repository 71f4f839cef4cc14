"""All that an invoice's paper shows, in the reader's words."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from babel.dates import format_date

from portal.invoices import printed
from portal.invoices.credit_notes.models import CreditNote, CreditNoteLine
from portal.invoices.documents import particulars, rules
from portal.invoices.letterhead import Letterhead, letterhead_of
from portal.invoices.models import DRAFT, Invoice, InvoiceLine
from portal.invoices.printed import PrintedSum
from portal.organisations.models import Organisation, size_of_logo
from portal.shared import formats
from portal.shared.money import Money
from portal.shared.text import clean
from portal.taxes.arithmetic import CHARGED
from portal.taxes.naming import at_rate

_LOCALES = {"ar": "ar_AE", "de": "de_DE", "en": "en_GB", "es": "es_ES", "fr": "fr_FR", "hi": "hi_IN", "ja": "ja_JP",
            "pt": "pt_PT", "zh": "zh_CN"}  # fmt: skip
_OWN_LABEL = re.compile(r"(Shipping|Discount|Adjustment|Rounding)(?: ([\d.]+) %)?(?: on the total)?")


def facts_of(organisation: Organisation, invoice: Invoice) -> dict[str, Any]:
    """For the template, as text only. Of an invoice read with lines, tax rows, customer and balance."""
    head = letterhead_of(organisation, invoice.letterhead, str(invoice.bill_to.get("language", "")))
    words, locale, frame = _frame(head, invoice)
    law = rules.law_of(head.country)
    return {
        **frame,
        "title": words[_title(head, invoice)],
        "stamp": {"void": words["void"], "draft": words["draft"]}.get(invoice.status, ""),
        "number": invoice.number or "",
        "dates": [
            [words[key], day_in_words(day, locale)]
            for key, day in (("invoice_date", invoice.issued_on), *particulars.days_of(head.country, invoice),
                             ("due", invoice.due_on)) if day
        ] + [[words["place_of_supply"], place] for place in particulars.places_of_supply(head.country, invoice)],
        "reference": _safe(invoice.reference), "what": _safe(invoice.title), "work": _safe(invoice.work_done),
        "lines": _lines(invoice, words, locale, law),
        "sums": _invoice_sums(invoice, words, locale),
        "notes": [_safe(note) for note in particulars.notes_of(head, invoice, words, locale)],
        "code": particulars.code_of(head, invoice.sent_at, invoice.total, invoice.tax),
        "total": formats.money(invoice.total, locale),
        "withheld": _withheld(invoice, words, locale),
        "to_pay": formats.money(invoice.amount_due, locale) if invoice.withheld else "",
    }  # fmt: skip


def credit_note_facts(organisation: Organisation, note: CreditNote) -> dict[str, Any]:
    """Of a note read with lines, tax rows, and its invoice with the customer. Names the invoice and the reason."""
    head = letterhead_of(organisation, note.letterhead or note.invoice.letterhead)
    words, locale, frame = _frame(head, note.invoice)
    rows = [(row.name, row.rate, row.base, row.amount, row.kind) for row in note.taxes]
    return {
        **frame,
        "title": words[rules.credit_title_of(head.country, is_registered=bool(head.tax_number))], "stamp": "",
        "number": note.number,
        "dates": [[words["date"], day_in_words(note.issued_on, locale)], [words["invoice"], note.invoice.number or ""]],
        "reference": "", "what": _safe(note.reason), "work": "",
        "lines": [
            {"name": _safe(line.name) if line.invoice_line_id else words["shipping"], "detail": "", "quantity": "",
             "description": _safe(line.description), "price": "", "tax": _named(line, note, locale),
             "total": formats.amount(line.line_total, locale)}
            for line in note.lines
        ],
        "sums": _sums(note, _tax_rows(rows, words, locale), words, locale),
        "notes": [_safe(each) for each in particulars.credit_notes_notes(head, note, words, locale)],
        "code": particulars.code_of(head, note.created_at, note.total, note.tax),
        "total": formats.money(note.total, locale), "withheld": _withheld(note, words, locale), "to_pay": "",
    }  # fmt: skip


def _frame(head: Letterhead, invoice: Invoice) -> tuple[dict[str, str], str, dict[str, Any]]:
    """Words, locale, and what every document of this invoice has in common."""
    words = words_of(head)
    bill_to = invoice.bill_to
    frame = {
        "language": head.language, "right_to_left": head.language in rules.RIGHT_TO_LEFT, "words": words,
        "firm": firm_on_paper(head), "words_at_the_end": [_safe(row) for row in head.words.splitlines() if row.strip()],
        "customer": {
            "name": _safe(bill_to.get("name", "")), "lines": list(map(_safe, bill_to.get("lines", []))),
            "tax_number": _safe(bill_to.get("tax_number", "")),
        },
    }  # fmt: skip
    return words, locale_of(head), frame


def words_of(head: Letterhead) -> dict[str, str]:
    return rules.words_in(head.language, rules.law_of(head.country).get("second_language", ""))


def locale_of(head: Letterhead) -> str:
    """How figures and days are written: as the firm writes them where it speaks the document's language."""
    return head.locale if rules.language_of(head.locale) == head.language else _LOCALES[head.language]


def _title(head: Letterhead, invoice: Invoice) -> str:
    kinds = _kinds(invoice)
    if invoice.status == DRAFT:
        return "invoice"
    return rules.title_of(
        head.country, is_registered=bool(head.tax_number),
        buyer_is_registered=bool(invoice.bill_to.get("tax_number")),
        is_taxed=bool(kinds - {"exempt", "out_of_scope"}), total=invoice.total.decimal,
    )  # fmt: skip


def _kinds(invoice: Invoice) -> set[str]:
    return {row["kind"] for row in (invoice.breakdown or {}).get("taxes", ())}


def firm_on_paper(head: Letterhead) -> dict[str, Any]:
    number = head.tax_number
    return {
        "name": _safe(head.name), "address": _safe(head.address), "email": _safe(head.email),
        "phone": _safe(head.phone), "tax_number": _safe(f"{head.tax_number_label} {number}") if number else "",
        "registrations": [_safe(row) for row in head.registrations.splitlines() if row.strip()],
        "logo": head.logo, "logo_shape": size_of_logo(head.logo),
    }  # fmt: skip


def _lines(
    invoice: Invoice, words: dict[str, str], locale: str, law: dict[str, Any]
) -> list[dict[str, str]]:  # fmt: skip
    return [
        {
            "name": _safe(line.name) + " *" * particulars.is_reduced(invoice, line, law),
            "description": _safe(line.description),
            "detail": _safe(particulars.detail_of(invoice, position, law, words, locale)),
            "quantity": f"{formats.quantity(line.quantity, locale)} {_safe(line.unit)}".strip(),
            "price": formats.price(line.unit_price, locale), "tax": _named(line, invoice, locale),
            "total": formats.amount(line.line_total, locale),
        }
        for position, line in enumerate(invoice.lines)
    ]  # fmt: skip


def _invoice_sums(invoice: Invoice, words: dict[str, str], locale: str) -> list[list[str]]:
    kinds = {row["key"]: row["kind"] for row in (invoice.breakdown or {}).get("taxes", ())}
    rows = [(row.name, row.rate, row.base, row.amount, kinds.get(str(row.tax_id), "percent")) for row in invoice.taxes]
    return _sums(invoice, _tax_rows(rows, words, locale), words, locale)


def _sums(
    paper: Invoice | CreditNote, taxes: Sequence[PrintedSum], words: dict[str, str], locale: str
) -> list[list[str]]:  # fmt: skip
    """What stands between the lines and the total."""
    net = PrintedSum(words["net" if particulars.includes_tax(paper) else "subtotal"], paper.subtotal)
    before, after = (
        [PrintedSum(_in_words(label, words, locale), amount) for label, amount in part]
        for part in (printed.before_net(paper), printed.after_tax(paper))
    )  # fmt: skip
    return [[label, formats.money(amount, locale)] for label, amount in [*before, net, *taxes, *after]]


def _tax_rows(
    rows: Iterable[tuple[str, Decimal, Money, Money, str]], words: dict[str, str], locale: str
) -> list[PrintedSum]:  # fmt: skip
    """Name, rate, base, amount and kind of each row. A reverse charge costs nothing here, so that what is printed adds
    up; what is withheld is no part of the total."""
    mark = formats.decimal_mark_of(locale)
    return [
        PrintedSum(
            rules.told(
                words["tax_on"], name=_safe(at_rate(name, rate, kind, mark=mark)), base=formats.money(base, locale)
            )
            if kind != "fixed_per_unit"
            else _safe(name),
            amount if kind in CHARGED else Money.zero(amount.currency),
        )
        for name, rate, base, amount, kind in rows
        if kind != "withholding"
    ]


def _named(line: InvoiceLine | CreditNoteLine, paper: Invoice | CreditNote, locale: str) -> str:
    """A line's tax with its rate. A group, which is no row of its own, has percent."""
    kinds = {row["name"]: row["kind"] for row in (paper.breakdown or {}).get("taxes", ())}
    kind = kinds.get(line.tax_name, "percent" if line.tax_name and line.tax_rate else "")
    return _safe(at_rate(line.tax_name, line.tax_rate, kind, mark=formats.decimal_mark_of(locale)))


def _withheld(paper: Invoice | CreditNote, words: dict[str, str], locale: str) -> list[list[str]]:
    rows = [row for row in (paper.breakdown or {}).get("taxes", ()) if row["kind"] == "withholding"]
    return [
        [rules.told(words["withheld"], name=_safe(at_rate(row["name"], Decimal(row["rate"]), row["kind"])),
                    base=_printed(row["base"], paper.currency, locale)),
         _printed(row["amount"], paper.currency, locale)]
        for row in rows if Decimal(row["amount"])
    ]  # fmt: skip


def _printed(amount: str, currency: str, locale: str) -> str:
    return formats.money(Money.of(Decimal(amount), currency), locale)


def _in_words(label: str, words: dict[str, str], locale: str) -> str:
    """One of the product's own labels ("Discount 10 %") in the reader's language; the firm's own words as they are."""
    own = _OWN_LABEL.fullmatch(label)
    if own is None:
        return _safe(label)
    percent = f" {formats.quantity(Decimal(own[2]), locale)} %" if own[2] else ""
    return words[own[1].lower()] + percent


def day_in_words(day: date, locale: str) -> str:
    return str(format_date(day, "long", locale=locale))


def _safe(text: object) -> str:
    return clean(str(text), lines=True)
