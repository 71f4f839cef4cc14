"""Settings of standing."""

from portal.taxes.standing.views import exempting
from portal.taxes.standing.views.pages import bp

__all__ = ["bp", "exempting"]
