"""Settings of taxes."""

from portal.taxes.views import changing, rating, setting_up
from portal.taxes.views.pages import bp

__all__ = ["bp", "changing", "rating", "setting_up"]
