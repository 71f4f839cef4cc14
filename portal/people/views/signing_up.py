"""Signing up: a new organisation and its administrator."""

from datetime import timedelta

from flask import Response, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.utils import import_string

from portal.organisations import audit
from portal.organisations.actions import NewOrganisation
from portal.organisations.models import Organisation
from portal.organisations.places import countries, currencies, time_zones
from portal.people import actions, forms
from portal.people import sign_in as sign_ins
from portal.people.forms import NewPerson
from portal.people.views.way_in import admit, bp, told
from portal.shared import throttle
from portal.shared.access import everyone
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import client_address, request_session

# Taxes stand above people, and imports run downhill: hence by name.
_REGIONS = "portal.taxes.regions"
_WINDOW, _MOST_PER_ADDRESS = timedelta(hours=1), 20


@bp.get("/sign-up")
@everyone
def new_sign_up() -> Response:
    if current_user.is_authenticated:
        return redirect(url_for("people.home"), code=303)  # type: ignore[return-value]
    return _sign_up_page(Form())


@bp.post("/sign-up")
@everyone
def create_sign_up() -> Response:
    session = request_session()
    form, organisation, person = forms.read_sign_up(request.form)
    if throttle.hit(session, "sign_up", client_address(), window=_WINDOW) > _MOST_PER_ADDRESS:
        form.errors = {"form": "Too many sign-ups from your address. Wait an hour, then try again."}
        return _sign_up_page(form, 429)
    session.commit()  # the count stays, whatever becomes of the rest
    if not form.ok:
        return _sign_up_page(form, 422)
    try:
        secret = _found(session, organisation, person)
        session.commit()
    except (RuleBroken, IntegrityError) as problem:
        session.rollback()
        form.refuse(told(problem))
        return _sign_up_page(form, 422)
    admit(secret)
    return see_other(url_for("people.home"))


def _found(session: Session, new: NewOrganisation, person: NewPerson) -> str:
    """The organisation, its taxes and its administrator, who is signed in with the secret that comes back."""
    audit.actor.set(audit.Actor("person", name=person.name, address=client_address()))
    organisation_id, administrator = actions.sign_up(session, new, name=person.name, password=person.password)
    organisation = session.get_one(Organisation, organisation_id)
    organisation.tax_number_label = import_string(f"{_REGIONS}:tax_number_label")(new.country)
    import_string(f"{_REGIONS}.starting:start_taxes")(session, organisation_id, new.country)
    return sign_ins.open_sign_in(session, organisation_id, administrator.id)


def _sign_up_page(form: Form, status: int = 200) -> Response:
    choices = {"countries": countries(), "currencies": currencies(), "time_zones": time_zones()}
    return make_response(render_template("people/sign_up.html", form=form, **choices), status)
