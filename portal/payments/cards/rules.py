"""What a payment may do with a card beyond paying, on plain values.

A pay link can be forwarded, so holding it proves little. What gives power over a card is therefore proved on Stripe's
page: a card is saved, and autopay begun, only by a payment with that card that succeeds; and a saved card pays from
the link only on Stripe's page, where its bank is asked who is there (3-D Secure). Never by a tap on ours. What takes
power away, removing the card or ending autopay, needs the link alone, and the customer's own address hears of it.
All that a stranger with the link could ever do is pay this customer's own invoice, or spare them a payment by card.
"""

from typing import Final

PLAIN: Final = ""
KEEP: Final = "keep"  # save the card that is paid with
AUTOPAY: Final = "autopay"  # save it, and charge later invoices to it
SAVED: Final = "saved"  # offer the saved card
SAVED_AUTOPAY: Final = "saved_autopay"  # offer it, and charge later invoices to whichever is chosen
CHARGE: Final = "charge"  # no page at all: autopay

KEEPS = (KEEP, AUTOPAY, SAVED_AUTOPAY)
OFFERS_SAVED = (SAVED, SAVED_AUTOPAY)
BEGINS_AUTOPAY = (AUTOPAY, SAVED_AUTOPAY)


def card_use(*, with_saved: bool, keeps: bool, begins_autopay: bool) -> str:
    """with_saved: the button that names the saved card; the others: boxes that were ticked."""
    if with_saved:
        return SAVED_AUTOPAY if begins_autopay else SAVED
    if begins_autopay:
        return AUTOPAY
    return KEEP if keeps else PLAIN
