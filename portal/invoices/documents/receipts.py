"""What a receipt shows: plain values in, for those who know of payments."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from portal.invoices.documents.facts import firm_on_paper
from portal.invoices.documents.speech import speech_of
from portal.invoices.letterhead import Letterhead
from portal.shared import formats
from portal.shared.money import Money
from portal.shared.text import clean


def receipt_facts(
    head: Letterhead, *, number: str, received_on: date, payer: str, how: str, amount: Money,
    parts: Sequence[tuple[str, Money]], rounding: Money | None = None, tip: Money | None = None,
    credit: Money | None = None,
    advance: str = "", notes: Sequence[str] = (), is_taken_back: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """how: card, cash, "Cheque 004512". parts: the invoices paid by it, and how much of each.

    advance: what is paid for before there is an invoice; is_taken_back: it counts for nothing any more
    rounding: what coins made of it, on top of the parts or below nought off them; inside amount. So is tip,
    and credit, which paid nothing when it came
    """
    speech = speech_of(head)
    words = speech.words
    lines = [(f"{words['invoice']} {speech.own(name)}", part) for name, part in parts]
    extra = [
        (words[name], sum_) for name, sum_ in (("rounding", rounding), ("tip", tip), ("credit_kept", credit)) if sum_
    ]
    if advance:
        lines.append((speech.own(advance), amount - Money.total((sum_ for _, sum_ in extra), amount.currency)))
    return {
        "language": head.language, "right_to_left": speech.is_rtl, "words": words,
        "title": words["receipt"], "stamp": words["taken_back"] if is_taken_back else "", "number": speech.own(number),
        "firm": firm_on_paper(head, speech), "words_at_the_end": [],
        "customer": {"name": speech.own(payer), "lines": [], "tax_number": ""},
        "dates": [[words["date"], speech.day(received_on)]],
        "reference": "", "what": speech.apart(clean(how)), "work": "",
        "lines": [
            {"name": name, "description": "", "detail": "", "quantity": "", "price": "", "tax": "",
             "total": formats.amount(part, speech.locale)}
            for name, part in lines
        ],
        "sums": [[name, speech.money(sum_)] for name, sum_ in extra],
        "notes": [speech.apart(note) for note in notes], "code": "", "total": speech.money(amount), "taken_off": [],
        "left": [],
    }  # fmt: skip
