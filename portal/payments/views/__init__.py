"""Pages of money coming in, and Stripe's webhook."""

from portal.payments.views import cash, desk, parts, receipts, recording, refunding
from portal.payments.views.pages import bp

__all__ = ["bp", "cash", "desk", "parts", "receipts", "recording", "refunding"]
