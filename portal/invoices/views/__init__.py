"""Pages of invoices: from a job's lines to the screen with the QR code."""

from portal.invoices.views import (
    credit_notes,
    exporting,
    links,
    pricing,
    questions,
    raising,
    reading,
    sending,
    settings,
    taxing,
)
from portal.invoices.views.pages import bp

__all__ = [
    "bp", "credit_notes", "exporting", "links", "pricing", "questions", "raising", "reading", "sending", "settings",
    "taxing",
]  # fmt: skip
