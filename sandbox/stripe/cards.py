"""The published test cards (docs.stripe.com/testing) and what each of them does."""

from dataclasses import dataclass

from sandbox.stripe.errors import StripeProblem


@dataclass(frozen=True)
class Decline:
    code: str
    message: str
    decline_code: str | None = None


@dataclass(frozen=True)
class TestCard:
    number: str
    label: str
    decline: Decline | None = None
    asks_3ds: bool = False
    dispute: str | None = None  # the dispute's first status, when one follows the payment
    refund: str = "succeeded"  # how a refund begins

    __test__ = False  # pytest would take the name for a test class

    @property
    def spaced(self) -> str:
        return " ".join(self.number[i : i + 4] for i in range(0, len(self.number), 4))

    @property
    def brand(self) -> str:
        return {"4": "visa", "5": "mastercard", "3": "amex"}[self.number[0]]


_DECLINED = "Your card was declined."
CARDS = [
    TestCard("4242424242424242", "Pays"),
    TestCard("4000000000000002", "Declined", Decline("card_declined", _DECLINED, "generic_decline")),
    TestCard(
        "4000000000009995",
        "Insufficient funds",
        Decline("card_declined", "Your card has insufficient funds.", "insufficient_funds"),
    ),
    TestCard("4000002760003184", "Asks 3-D Secure", asks_3ds=True),
    TestCard("4000002500003155", "Asks 3-D Secure once", asks_3ds=True),
    TestCard("4000000000000259", "Pays, then disputes", dispute="needs_response"),
    TestCard("4000000000001976", "Pays, then inquiry", dispute="warning_needs_response"),
    TestCard("4000000000000069", "Expired card", Decline("expired_card", "Your card has expired.")),
    TestCard("4000000000000127", "Wrong CVC", Decline("incorrect_cvc", "Your card's security code is incorrect.")),
    TestCard(
        "4000000000000119",
        "Processing error",
        Decline("processing_error", "An error occurred while processing your card. Try again in a little bit."),
    ),
    TestCard("4000000000007726", "Refund stays pending", refund="pending"),
    TestCard("4000000000005126", "Refund can fail later"),
    TestCard("5555555555554444", "Pays (Mastercard)"),
    TestCard("378282246310005", "Pays (American Express)"),
]
_BY_NUMBER = {card.number: card for card in CARDS}


def card_for(number: str) -> TestCard:
    """The test card with this number, however it is spaced. Raises StripeProblem for any other number."""
    digits = "".join(character for character in number if character.isdigit())
    if digits not in _BY_NUMBER:
        raise StripeProblem(
            "Only Stripe's published test cards work here, for example 4242 4242 4242 4242.",
            status=402,
            kind="card_error",
            code="incorrect_number",
            param="number",
        )
    return _BY_NUMBER[digits]
