"""All that an invoice's paper shows, in the reader's words."""

from datetime import date
from decimal import Decimal
from typing import Any

from babel.dates import format_date

from portal.invoices import printed
from portal.invoices.documents import rules
from portal.invoices.models import DRAFT, Invoice
from portal.invoices.printed import PrintedSum
from portal.organisations.models import Organisation
from portal.shared import formats
from portal.shared.money import Money
from portal.shared.text import clean

_LOCALES = {"ar": "ar_AE", "de": "de_DE", "en": "en_GB", "es": "es_ES", "fr": "fr_FR", "hi": "hi_IN", "ja": "ja_JP",
            "pt": "pt_PT", "zh": "zh_CN"}  # fmt: skip


def facts_of(organisation: Organisation, invoice: Invoice) -> dict[str, Any]:
    """For the template, as text only. Of an invoice read with lines, tax rows, customer and balance."""
    language = rules.language_of(getattr(invoice.customer, "language", "") or organisation.locale)
    same = rules.language_of(organisation.locale) == language
    locale = organisation.locale if same else _LOCALES[language]
    law = rules.law_of(organisation.country)
    words = rules.words_in(language, law.get("second_language", ""))
    return {
        "language": language,
        "right_to_left": language in rules.RIGHT_TO_LEFT,
        "words": words,
        "title": words[_title(organisation, invoice)],
        "stamp": {"void": words["void"], "draft": words["draft"]}.get(invoice.status, ""),
        "number": invoice.number or "",
        "firm": _firm(organisation),
        "customer": {
            "name": _safe(invoice.bill_to.get("name", "")), "lines": list(map(_safe, invoice.bill_to.get("lines", []))),
            "tax_number": _safe(invoice.bill_to.get("tax_number", "")),
        },
        "dates": [
            [words[key], _day(day, locale)]
            for key, day in (("invoice_date", invoice.issued_on), ("due", invoice.due_on)) if day
        ],
        "reference": _safe(invoice.reference), "what": _safe(invoice.title), "work": _safe(invoice.work_done),
        "lines": _lines(invoice, locale, law),
        "sums": _sums(invoice, words, locale),
        "notes": _notes(organisation, invoice, words, locale),
        "code": _code(organisation, invoice) if law.get("qr") and invoice.sent_at else "",
        **_totals(invoice, locale),
    }  # fmt: skip


def _title(organisation: Organisation, invoice: Invoice) -> str:
    kinds = _kinds(invoice)
    if invoice.status == DRAFT:
        return "invoice"
    return rules.title_of(
        organisation.country, is_registered=bool(organisation.tax_number),
        buyer_is_registered=bool(invoice.bill_to.get("tax_number")),
        is_taxed=bool(kinds - {"exempt", "out_of_scope"}), total=invoice.total.decimal,
    )  # fmt: skip


def _kinds(invoice: Invoice) -> set[str]:
    return {row["kind"] for row in (invoice.breakdown or {}).get("taxes", ())}


def _firm(organisation: Organisation) -> dict[str, str]:
    number = organisation.tax_number
    return {
        "name": _safe(organisation.name), "address": _safe(organisation.address), "email": _safe(organisation.email),
        "phone": _safe(organisation.phone),
        "tax_number": _safe(f"{organisation.tax_number_label} {number}") if number else "",
    }  # fmt: skip


def _lines(invoice: Invoice, locale: str, law: dict[str, Any]) -> list[dict[str, str]]:
    reduced = Decimal(law.get("marks_reduced", "-1"))
    return [
        {
            "name": _safe(line.name) + " *" * (line.tax_rate == reduced), "description": _safe(line.description),
            "quantity": f"{formats.quantity(line.quantity, locale)} {_safe(line.unit)}".strip(),
            "price": formats.price(line.unit_price, locale), "tax": _safe(line.tax_name),
            "total": formats.amount(line.line_total, locale),
        }
        for line in invoice.lines
    ]  # fmt: skip


def _sums(invoice: Invoice, words: dict[str, str], locale: str) -> list[list[str]]:
    """What stands between the lines and the total."""
    taxes = [
        PrintedSum(_told(words["tax_on"], name=_safe(row.name), base=formats.money(row.base, locale)), row.amount)
        for row in invoice.taxes
    ]
    net = PrintedSum(words["subtotal"], invoice.subtotal)
    rows = [*printed.before_net(invoice), net, *taxes, *printed.after_tax(invoice)]
    return [[_in_words(label, words), formats.money(amount, locale)] for label, amount in rows]


def _in_words(label: str, words: dict[str, str]) -> str:
    """One of the product's own labels ("Discount 10 %") in the reader's language; the firm's own words as they are."""
    first, *rest = label.split(" ")
    own = words.get(first.lower(), first) if first in ("Shipping", "Discount", "Adjustment", "Rounding") else first
    return " ".join([own, *(part for part in rest if own == first or part[:1].isdigit() or part == "%")])


def _totals(invoice: Invoice, locale: str) -> dict[str, str]:
    balance = invoice.balance_row.balance if invoice.balance_row else invoice.total
    paid = invoice.total - balance
    is_sent = invoice.status == "sent"
    return {
        "total": formats.money(invoice.total, locale),
        "paid": formats.money(paid, locale) if paid and is_sent else "",
        "balance": formats.money(balance, locale) if is_sent else "",
    }


def _notes(organisation: Organisation, invoice: Invoice, words: dict[str, str], locale: str) -> list[str]:
    """What the law wants said below the sums."""
    law, kinds = rules.law_of(organisation.country), _kinds(invoice)
    notes = [words[kind] for kind in ("reverse_charge", "exempt") if kind in kinds]
    notes += dict.fromkeys(f"{line.tax_name}: {line.tax_why}" for line in invoice.lines if _needs_ground(line.tax_why))
    if _includes_tax(invoice) and organisation.country in ("AU", "NZ", "SG") and len(invoice.taxes) == 1:
        notes.append(_told(words["includes_tax"], name=invoice.taxes[0].name))
    if "marks_reduced" in law and any(line.tax_rate == Decimal(law["marks_reduced"]) for line in invoice.lines):
        notes.append(words["reduced"])
    said = rules.amount_in_words(invoice.total.decimal, invoice.currency) if law.get("in_words") else ""
    notes += [f"{words['in_words']}: {said}"] if said else []
    return [*map(_safe, notes), *(words[key] for key in law.get("notes", ()))]


def _includes_tax(invoice: Invoice) -> bool:
    return bool((invoice.breakdown or {}).get("policy", {}).get("price_includes_tax"))


def _needs_ground(why: str) -> bool:
    return bool(why) and not why.endswith(" rate")


def _code(organisation: Organisation, invoice: Invoice) -> str:
    at = invoice.sent_at.strftime("%Y-%m-%dT%H:%M:%SZ") if invoice.sent_at else ""
    tax: Money = invoice.tax
    return rules.saudi_code(organisation.name, organisation.tax_number, at, invoice.total.decimal, tax.decimal)


def _day(day: date, locale: str) -> str:
    return str(format_date(day, "long", locale=locale))


def _told(words: str, **said: str) -> str:
    """`words` filled in, name by name: what is filled in may hold braces itself."""
    first, *rest = words.split("{")
    parts = [part.split("}", 1) for part in rest]
    return first + "".join(said[name] + tail for name, tail in parts)


def _safe(text: object) -> str:
    return clean(str(text), lines=True)
