"""The customer's link: see what was done, pay, keep the receipt. The secret in the address is the only key."""

from portal.pay_page.views import arrived, asking, cards, deposits, looking, papers, paying, renewing, together
from portal.pay_page.views.pages import bp

__all__ = ["arrived", "asking", "bp", "cards", "deposits", "looking", "papers", "paying", "renewing", "together"]
