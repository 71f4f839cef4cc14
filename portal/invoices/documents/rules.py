"""What a document is called and what it must say, by country and language: pure, from data files beside this one."""

import base64
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from babel.numbers import get_territory_currencies

_FOLDER = Path(__file__).parent
_COUNTRIES: dict[str, dict[str, Any]] = json.loads((_FOLDER / "countries.json").read_text("utf-8"))
_WORDS: dict[str, dict[str, str]] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in (_FOLDER / "words").glob("*.json")
}
LANGUAGES = tuple(sorted(_WORDS))
KEYS = tuple(_WORDS["en"])
RIGHT_TO_LEFT = ("ar",)


def law_of(country: str) -> dict[str, Any]:
    """What a country asks of a document."""
    return _COUNTRIES.get(country, _COUNTRIES["*"])


def other_currency(country: str, currency: str) -> str:
    """In which currency the tax has to be told as well: the country's, where the document's is another, or ""."""
    own = get_territory_currencies(country)
    return "" if not own or currency in own else str(own[0])


def language_of(locale: str) -> str:
    """The language of a locale such as de_AT, or English where we have no words for it."""
    language = locale.replace("-", "_").split("_")[0].lower()
    return language if language in _WORDS else "en"


def word(key: str, language: str) -> str:
    return _WORDS[language][key]


def title_of(
    country: str, *, is_registered: bool, buyer_is_registered: bool, is_taxed: bool, total: Decimal,
    buyer_is_private: bool = False,
) -> str:  # fmt: skip
    """The key of the title under which an invoice goes out.

    is_registered  whether the firm shows a tax number: without one nothing may be called a tax invoice
    buyer_is_private  a person who buys for no business
    is_taxed       whether any line bears a tax, be it at nought per cent: what is exempt or outside the tax alone makes
                   no tax invoice (India: a bill of supply)
    total          in the currency of the country
    """
    law = law_of(country)
    if not is_taxed:
        return str(law.get("untaxed_title", "invoice"))
    if not is_registered:
        return "invoice"
    is_small = "simplified_up_to" in law and total <= Decimal(law["simplified_up_to"])
    is_simple = not buyer_is_registered and (
        law.get("simplified_for_unregistered", False)  # UAE: VAT regulation, article 59 (2)
        or (
            law.get("simplified_for_private", False) and buyer_is_private
        )  # Saudi Arabia: firms always get the full one
    )
    return "simplified_tax_invoice" if is_small or is_simple else str(law["tax_title"])


def credit_title_of(country: str, *, is_registered: bool, is_taxed: bool) -> str:
    """The key of the title of a credit note. is_taxed: as for title_of."""
    return str(law_of(country).get("credit_title", "credit_note")) if is_registered and is_taxed else "credit_note"


def may_void(country: str) -> bool:
    """Whether an invoice that was sent may be voided; where not, a credit note takes it back (Saudi Arabia: e-invoicing
    regulation)."""
    return not law_of(country).get("never_void", False)


def told(words: str, **said: str) -> str:
    """`words` filled in, name by name: what is filled in may hold braces itself."""
    first, *rest = words.split("{")
    parts = [part.split("}", 1) for part in rest]
    return first + "".join(said[name] + tail for name, tail in parts)


def saudi_code(seller: str, tax_number: str, at: str, total: Decimal, tax: Decimal) -> str:
    """What a Saudi invoice's QR code says: tags 1 to 5, each with its length in bytes, as base64 (ZATCA, phase 1)."""
    fields = (seller, tax_number, at, f"{total:f}", f"{tax:f}")
    said = b""
    for tag, value in enumerate(fields, start=1):
        raw = value.encode()[:255].decode(errors="ignore").encode()
        said += bytes((tag, len(raw))) + raw
    return base64.b64encode(said).decode()
