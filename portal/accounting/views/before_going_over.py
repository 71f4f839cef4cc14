"""Before another organisation takes the place of the one that is linked: what that means, and the yes that does it."""

from flask import Response, request, url_for

from portal.accounting import link
from portal.accounting.views import going_over, planned, sure
from portal.accounting.views.choosing import (
    CHOSEN,
    choice_page,
    chosen,
    day_of_going_over,
    is_made_now,
)
from portal.accounting.views.pages import bp
from portal.accounting.views.permission import open_consent, show_silence
from portal.gateways.errors import GatewayError
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session


@bp.get("/books/consents/<int:consent_id>/over")
@allow("manage_link")
def ask_about_going_over(consent_id: int) -> Response:
    """A page to come back to, and to reload; it makes nothing at Zoho."""
    consent, form = (
        open_consent(consent_id),
        Form({name: request.args[name] for name in CHOSEN if name in request.args}),
    )
    choosing = url_for("accounting.choose", consent_id=consent.id)
    try:
        candidate = chosen(consent, form)
        is_new, day = is_made_now(consent, candidate, form), day_of_going_over(form, candidate)
        live = link.live_link(request_session())
        if day is None or live is None:
            return see_other(choosing)
        if going_over.is_ahead(day):
            told = planned.asked_ahead(live, candidate, consent, day, is_new=is_new)
        else:
            told = going_over.asked(live, candidate, consent, day)
    except RuleBroken as problem:
        form.refuse(problem, "remote_organisation_id")
        return choice_page(consent, form, 422)
    except GatewayError as problem:
        return show_silence(problem, consent)
    return sure.ask(told, form.values, choosing)
