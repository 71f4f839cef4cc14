"""The customer's link: see what was done, pay, keep the receipt. The secret in the address is the only key."""

from portal.pay_page.views import looking, paying, renewing
from portal.pay_page.views.pages import bp

__all__ = ["bp", "looking", "paying", "renewing"]
