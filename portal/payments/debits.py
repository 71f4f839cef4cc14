"""Bank debits that a firm may offer beside cards: each is of one currency, and takes days. On plain values.

Source: Stripe's pages on ACH, SEPA and Bacs Direct Debit. Canada's and Australia's want agreements of their own with
the payer, which the hosted page does not ask for by itself, so they are not offered.
"""

from portal.payments.cards.rules import PLAIN

# currency → Stripe's word for its debit
DEBITS = {"USD": "us_bank_account", "EUR": "sepa_debit", "GBP": "bacs_debit"}
NAMES = {"us_bank_account": "ACH Direct Debit", "sepa_debit": "SEPA Direct Debit", "bacs_debit": "Bacs Direct Debit"}


def debit_for(offered: str, currency: str, card_use: str = PLAIN) -> str:
    """The debit that a payment in this currency may also be made by; "" for none.

    offered   what the firm has switched on
    card_use  as cards.rules says: what is to become of a card is agreed to for a card, so then only a card pays
    """
    return offered if offered and DEBITS.get(currency) == offered and card_use == PLAIN else ""


# Why a bank takes a debit back days after it was paid, though its payer questions nothing. Stripe tells of it as of a
# dispute, which nobody can answer (docs.stripe.com/disputes, late failures of bank debits).
RETURNED = {
    "insufficient_funds": "there was not enough money in the account",
    "incorrect_account_details": "the details of the account were wrong",
    "bank_cannot_process": "the bank could not process it",
}


def why_returned(provider: str, method: str, reason: str) -> str:
    """Of a payment that is "disputed" for `reason`: why its bank took the debit back; "" where the payer argues, and of
    a card."""
    return RETURNED.get(reason, "") if provider == "stripe" and method == "bank_transfer" else ""
