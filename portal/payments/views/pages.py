"""What the pages of payments share."""

from flask import Blueprint

AWAY = "Stripe did not answer, so the customer could still pay there as well. Try again in a minute."

bp = Blueprint("payments", __name__)
