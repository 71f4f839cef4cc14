"""Pages of money coming in, and Stripe's webhook."""

from portal.payments.views import cash, crediting, desk, evidence, parts, receipts, recording, refunding, together
from portal.payments.views.pages import bp

__all__ = ["bp", "cash", "crediting", "desk", "evidence", "parts", "receipts", "recording", "refunding", "together"]
