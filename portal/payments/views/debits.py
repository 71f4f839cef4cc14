"""Bank debits beside cards: switched on and off."""

from flask import Response, flash, g, request, url_for

from portal.gateways.errors import GatewayError
from portal.payments import actions
from portal.payments.views.pages import bp
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.htmx import see_other
from portal.shared.web import request_session


@bp.post("/payments/settings/debits")
@allow("manage_organisation")
def update_debits() -> Response:
    organisation_id = g.viewer.organisation_id
    is_wanted = request.form.get("wanted") == "yes"
    request_session().rollback()  # no transaction stays open while Stripe is asked
    try:
        if is_wanted:
            name = actions.offer_debit(organisation_id)
            flash(f"Customers can pay by {name} now, too.", "good")
        else:
            actions.end_debit(organisation_id)
            flash("Cards only from now on. A payment page that is open keeps the debit, for an hour at most.", "good")
    except RuleBroken as problem:
        flash(problem.sentence, "late")
    except GatewayError as problem:
        flash(f"{problem.words} Nothing was changed: try again in a minute.", "late")
    return see_other(url_for("payments.settings", _anchor="debits"))
