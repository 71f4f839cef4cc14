"""What the pages of payments share."""

from flask import Blueprint

from portal.gateways.errors import GatewayError
from portal.payments import actions
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form

AWAY = "Stripe did not answer, so the customer could still pay there as well. Try again in a minute."

bp = Blueprint("payments", __name__)


def try_to_record(form: Form, organisation_id: int, taken: actions.OfflinePayment) -> actions.Recorded | None:
    """None: the form says why not."""
    try:
        return actions.record_payment(organisation_id, taken)
    except RuleBroken as problem:
        form.refuse(problem)
    except GatewayError:
        form.errors["form"] = AWAY
    return None
