"""How a payment came, in the payer's own language. What is stored is English: it is what staff read."""

import re

from portal.payments.rules import METHODS
from portal.shared.phrases import Language

_CARD = re.compile(r"(.+) ending (\w+)")  # as the Stripe gateway says it: "Visa ending 4242"
_BETWEEN = re.compile(r"^(, slip |, | )")  # as rules.words_of puts it between: "Card terminal, slip 0071"


def way_in(language: Language, method: str, reference: str) -> str:
    """Plain text: "Visa mit Endziffern 4242", "Scheck 004512"; a reference that is not ours stays as it is."""
    card = _CARD.fullmatch(reference)
    if card is not None:
        return language.text("card_ending", brand=card[1], last=card[2])
    ours = METHODS.get(method, "")
    if reference and not (ours and reference.startswith(ours)):
        return reference
    way = language.text(f"method_{method}")
    number = _BETWEEN.sub("", reference[len(ours) :])
    return f"{way} {language.isolated(number)}" if number else way
