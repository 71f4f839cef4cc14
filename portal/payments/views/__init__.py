"""Pages of money coming in, and Stripe's webhook."""

from portal.payments.views import (
    card_releases,
    cards,
    cash,
    crediting,
    debits,
    deposit_requests,
    deposits,
    desk,
    ending,
    evidence,
    kept_money,
    notices,
    parts,
    payouts,
    photos,
    receipts,
    recording,
    refunding,
    together,
)
from portal.payments.views.pages import bp

__all__ = [
    "bp", "card_releases", "cards", "cash", "crediting", "debits", "deposit_requests", "deposits", "desk", "ending",
    "evidence", "kept_money", "notices", "parts", "payouts", "photos", "receipts", "recording", "refunding", "together",
]  # fmt: skip
