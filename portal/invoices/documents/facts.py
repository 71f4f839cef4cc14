"""All that an invoice's paper shows, in the reader's words."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from portal.invoices import printed
from portal.invoices.credit_notes.models import CreditNote, CreditNoteLine
from portal.invoices.documents import particulars, rules
from portal.invoices.documents.speech import Speech, Told, speech_of
from portal.invoices.letterhead import Letterhead, letterhead_of
from portal.invoices.models import DRAFT, Invoice, InvoiceLine
from portal.invoices.printed import PrintedSum
from portal.organisations.models import Organisation, size_of_logo
from portal.shared import formats
from portal.shared.money import Money
from portal.taxes.arithmetic import CHARGED
from portal.taxes.naming import at_rate
from portal.taxes.regions import tax_number_label
from portal.taxes.wording import told_in, tongue

_OWN_LABEL = re.compile(r"(Shipping|Discount|Adjustment|Rounding)(?: ([\d.]+) %)?(?: on the total)?")


def facts_of(organisation: Organisation, invoice: Invoice) -> dict[str, Any]:
    """For the template, as text only. Of an invoice read with lines, tax rows, customer and balance."""
    head = letterhead_of(organisation, invoice.letterhead, str(invoice.bill_to.get("language", "")))
    speech = speech_of(head)
    words, law, prepaid = speech.words, rules.law_of(head.country), printed.prepaid(invoice)
    return {
        **_frame(head, invoice, speech),
        "title": words[_title(head, invoice)],
        "stamp": {"void": words["void"], "draft": words["draft"]}.get(invoice.status, ""),
        "number": speech.own(invoice.number or ""),
        "dates": [
            [words[key], speech.day(day)]
            for key, day in (("invoice_date", invoice.issued_on), *particulars.days_of(head.country, invoice),
                             ("due", invoice.due_on)) if day
        ] + [
            [words["place_of_supply"], place] for place in particulars.places_of_supply(head.country, invoice, speech)
        ],
        "reference": speech.own(invoice.reference), "what": speech.own(invoice.title),
        "work": speech.apart(invoice.work_done),
        "lines": _lines(invoice, speech, law),
        "sums": _invoice_sums(invoice, speech),
        "notes": particulars.notes_of(head, invoice, speech),
        "code": particulars.code_of(head, invoice.sent_at, invoice.total, invoice.tax),
        "total": speech.money(invoice.total),
        "taken_off": _withheld(invoice, speech) + ([[words["prepaid"], speech.money(-prepaid)]] if prepaid else []),
        "left": [[words["to_pay"], speech.money(invoice.amount_due - prepaid)]] if invoice.withheld or prepaid else [],
    }  # fmt: skip


def credit_note_facts(organisation: Organisation, note: CreditNote, language: str = "") -> dict[str, Any]:
    """Of a note read with lines, tax rows, and its invoice with the customer. Names the invoice and the reason.

    language  in which it is read, where that is not the paper's own
    """
    head = letterhead_of(organisation, note.letterhead or note.invoice.letterhead)
    head = replace(head, language=language or head.language)
    speech = speech_of(head)
    words = speech.words
    rows = [(row.name, row.rate, row.base, row.amount, row.kind) for row in note.taxes]
    return {
        **_frame(head, note.invoice, speech),
        "title": words[_credit_title(head, note)], "stamp": words["void"] if note.is_void else "",
        "number": speech.own(note.number),
        "dates": [[words["date"], speech.day(note.issued_on)],
                  [words["invoice"], speech.own(note.invoice.number or "")],
                  *_days_taken_back(head.country, note.invoice, speech)],
        "reference": "", "what": speech.own(note.reason), "work": "",
        "lines": _credited(note, speech, rules.law_of(head.country)),
        "sums": _sums(note, _tax_rows(rows, speech), speech),
        "notes": particulars.credit_notes_notes(head, note, speech) + ([note.voiding.reason] if note.voiding else []),
        "code": particulars.code_of(head, note.created_at, note.total, note.tax),
        "total": speech.money(note.total), "taken_off": _withheld(note, speech),
        "left": [[words["credited"], speech.money(note.worth)]] if note.withheld_minor else [],
    }  # fmt: skip


def _days_taken_back(country: str, invoice: Invoice, speech: Speech) -> list[list[str]]:
    """Of the invoice that a credit note takes back: its own day, and that of the supply where papers tell it (GCC: the
    day of what is adjusted; UK: VAT Regulations 1995, reg. 15C)."""
    days = [("invoice_date", invoice.issued_on), *particulars.days_of(country, invoice)]
    return [[speech.words[key], speech.day(day)] for key, day in days if day]


def _frame(head: Letterhead, invoice: Invoice, speech: Speech) -> dict[str, Any]:
    """What every document of this invoice has in common."""
    bill_to = invoice.bill_to
    country = str(bill_to.get("country") or "")
    abroad = [speech.country(country)] if country not in ("", head.country) else []
    return {
        "language": head.language, "right_to_left": speech.is_rtl, "words": speech.words,
        "firm": firm_on_paper(head, speech),
        "words_at_the_end": [speech.own(row) for row in head.words.splitlines() if row.strip()],
        "customer": {
            "name": speech.own(bill_to.get("name", "")),
            "lines": [*map(speech.own, bill_to.get("lines", [])), *abroad],
            "tax_number": _tax_number(
                head, tax_number_label(country or head.country), str(bill_to.get("tax_number", "")), speech
            ),
        },
    }  # fmt: skip


def _title(head: Letterhead, invoice: Invoice) -> str:
    if invoice.status == DRAFT:
        return "invoice"
    return rules.title_of(
        head.country, is_registered=bool(head.tax_number),
        buyer_is_registered=bool(invoice.bill_to.get("tax_number")),
        buyer_is_private=invoice.bill_to.get("kind", "individual") == "individual",
        is_taxed=_is_taxed(_kinds(invoice)), total=invoice.total.decimal,
    )  # fmt: skip


def _credit_title(head: Letterhead, note: CreditNote) -> str:
    is_taxed = _is_taxed({row.kind for row in note.taxes})
    return rules.credit_title_of(head.country, is_registered=bool(head.tax_number), is_taxed=is_taxed)


def _kinds(invoice: Invoice) -> set[str]:
    return {row["kind"] for row in (invoice.breakdown or {}).get("taxes", ())}


def _is_taxed(kinds: set[str]) -> bool:
    return bool(kinds - {"exempt", "out_of_scope", "withholding"})


def firm_on_paper(head: Letterhead, speech: Speech) -> dict[str, Any]:
    own = speech.own
    return {
        "name": own(head.name),
        "address": own(head.address),
        "email": own(head.email),
        "phone": own(head.phone),
        "tax_number": _tax_number(head, head.tax_number_label, head.tax_number, speech),
        "registrations": [own(row) for row in head.registrations.splitlines() if row.strip()],
        "logo": head.logo,
        "logo_shape": size_of_logo(head.logo),
    }


def _tax_number(head: Letterhead, label: str, number: str, speech: Speech) -> str:
    """With what its own country calls it, in the paper's language."""
    return speech.own(f"{told_in(tongue(head.language, head.country), label)} {number}") if number else ""


def _lines(invoice: Invoice, speech: Speech, law: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {
            "name": speech.own(line.name) + _mark_of(invoice, line, law),
            "description": speech.own(line.description),
            "detail": particulars.detail_of(invoice, position, law, speech),
            "quantity": speech.own(f"{formats.quantity(line.quantity, speech.locale)} {line.unit}"),
            "price": formats.price(line.unit_price, line.currency, speech.locale),
            "tax": _named(line, invoice, speech),
            "total": formats.amount(line.line_total, speech.locale),
        }
        for position, line in enumerate(invoice.lines)
    ]


def _credited(note: CreditNote, speech: Speech, law: dict[str, Any]) -> list[dict[str, str]]:
    of = particulars.credited_lines(note)
    return [
        {
            "name": speech.own(line.name) + _mark_of(note.invoice, of.get(line.invoice_line_id), law)
            if line.invoice_line_id else speech.words["shipping"],
            "detail": "", "quantity": "", "description": speech.own(line.description), "price": "",
            "tax": _named(line, note, speech), "total": formats.amount(line.line_total, speech.locale),
        }
        for line in note.lines
    ]  # fmt: skip


def _mark_of(invoice: Invoice, line: InvoiceLine | None, law: dict[str, Any]) -> str:
    return f" {law['reduced_mark']}" if line and particulars.is_reduced(invoice, line, law) else ""


def _invoice_sums(invoice: Invoice, speech: Speech) -> list[list[str]]:
    kinds = {row["key"]: row["kind"] for row in (invoice.breakdown or {}).get("taxes", ())}
    rows = [(row.name, row.rate, row.base, row.amount, kinds.get(str(row.tax_id), "percent")) for row in invoice.taxes]
    return _sums(invoice, _tax_rows(rows, speech), speech)


def _sums(paper: Invoice | CreditNote, taxes: Sequence[PrintedSum], speech: Speech) -> list[list[str]]:
    """What stands between the lines and the total."""
    net = PrintedSum(speech.words["net" if particulars.includes_tax(paper) else "subtotal"], paper.subtotal)
    before, after = (
        [PrintedSum(_in_words(label, speech), amount) for label, amount in part]
        for part in (printed.before_net(paper), printed.after_tax(paper))
    )  # fmt: skip
    return [[label, speech.money(amount)] for label, amount in [*before, net, *taxes, *after]]


def _tax_rows(rows: Iterable[tuple[str, Decimal, Money, Money, str]], speech: Speech) -> list[PrintedSum]:
    """Name, rate, base, amount and kind of each row. A reverse charge costs nothing here, so that what is printed adds
    up; what is withheld is no part of the total."""
    return [
        PrintedSum(
            speech.say("tax_on", name=Told(at_rate(name, rate, kind, mark=speech.mark)), base=speech.money(base))
            if kind != "fixed_per_unit"
            else speech.tax(name),
            amount if kind in CHARGED else Money.zero(amount.currency),
        )
        for name, rate, base, amount, kind in rows
        if kind != "withholding"
    ]


def _named(line: InvoiceLine | CreditNoteLine, paper: Invoice | CreditNote, speech: Speech) -> str:
    """A line's tax with its rate. A group, which is no row of its own, has percent."""
    kinds = {row["name"]: row["kind"] for row in (paper.breakdown or {}).get("taxes", ())}
    kind = kinds.get(line.tax_name, "percent" if line.tax_name and line.tax_rate else "")
    return speech.tax(at_rate(line.tax_name, line.tax_rate, kind, mark=speech.mark))


def _withheld(paper: Invoice | CreditNote, speech: Speech) -> list[list[str]]:
    rows = [row for row in (paper.breakdown or {}).get("taxes", ()) if row["kind"] == "withholding"]
    return [
        [speech.say("withheld", base=_printed(row["base"], paper.currency, speech),
                    name=Told(at_rate(row["name"], Decimal(row["rate"]), row["kind"], mark=speech.mark))),
         _printed(row["amount"], paper.currency, speech)]
        for row in rows if Decimal(row["amount"])
    ]  # fmt: skip


def _printed(amount: str, currency: str, speech: Speech) -> str:
    return speech.money(Money.of(Decimal(amount), currency))


def _in_words(label: str, speech: Speech) -> str:
    """One of the product's own labels ("Discount 10 %") in the reader's language; the firm's own words as they are."""
    own = _OWN_LABEL.fullmatch(label)
    if own is None:
        return speech.own(label)
    percent = f" {formats.quantity(Decimal(own[2]), speech.locale)} %" if own[2] else ""
    return speech.words[own[1].lower()] + percent
