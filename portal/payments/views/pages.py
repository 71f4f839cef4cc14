"""What the pages of payments share."""

from flask import Blueprint, Response

from portal.gateways.errors import GatewayError
from portal.payments import actions
from portal.payments.actions.second_looks import AskedFirst
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other

AWAY = "Stripe did not answer, so the customer could still pay there as well. Try again in a minute."

bp = Blueprint("payments", __name__)


def try_to_record(form: Form, organisation_id: int, taken: actions.OfflinePayment) -> actions.Recorded | None:
    """None: the form says why not."""
    try:
        return actions.record_payment(organisation_id, taken)
    except AskedFirst as question:
        form.refuse(question)
        form.values[f"ask_{question.field}"] = question.answer
        form.values.pop(question.field or "", None)  # what was ticked was for other sums
    except RuleBroken as problem:
        form.refuse(problem)
    except GatewayError:
        form.errors["form"] = AWAY
    return None


def see_recorded(url: str, recorded: actions.Recorded) -> Response:
    """On to `url`; with the receipt's number, without which a phone that had no line keeps what it sent."""
    answer = see_other(url)
    answer.headers["X-Receipt"] = recorded.number
    return answer
