"""What a receipt shows: plain values in, for those who know of payments."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from portal.invoices.documents import rules
from portal.invoices.documents.facts import day_in_words, firm_on_paper, locale_of, words_of
from portal.invoices.letterhead import Letterhead
from portal.shared import formats
from portal.shared.money import Money
from portal.shared.text import clean


def receipt_facts(
    head: Letterhead, *, number: str, received_on: date, payer: str, how: str, amount: Money,
    parts: Sequence[tuple[str, Money]], rounding: Money | None = None, tip: Money | None = None,
) -> dict[str, Any]:  # fmt: skip
    """how: card, cash, "Cheque 004512". parts: the invoices paid by it, and how much of each.

    rounding: what coins made of it, on top of the parts or below nought off them; inside amount. So is tip
    """
    locale, words = locale_of(head), words_of(head)
    extra = [(words[name], sum_) for name, sum_ in (("rounding", rounding), ("tip", tip)) if sum_]
    return {
        "language": head.language, "right_to_left": head.language in rules.RIGHT_TO_LEFT, "words": words,
        "title": words["receipt"], "stamp": "", "number": number, "firm": firm_on_paper(head), "words_at_the_end": [],
        "customer": {"name": clean(payer), "lines": [], "tax_number": ""},
        "dates": [[words["date"], day_in_words(received_on, locale)]],
        "reference": "", "what": clean(how), "work": "",
        "lines": [
            {"name": f"{words['invoice']} {name}", "description": "", "detail": "", "quantity": "",
             "price": "", "tax": "", "total": formats.amount(part, locale)}
            for name, part in parts
        ],
        "sums": [[name, formats.money(sum_, locale)] for name, sum_ in extra],
        "notes": [], "code": "", "total": formats.money(amount, locale), "withheld": [], "to_pay": "",
    }  # fmt: skip
