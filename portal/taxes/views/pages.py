"""What the pages of taxes share."""

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from flask import Blueprint, Response, g, make_response, render_template
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.organisations.audit import timeline
from portal.shared import clock
from portal.shared.forms import Form
from portal.shared.web import request_session
from portal.taxes import actions, bearing, corrections, forms, queries, together
from portal.taxes.actions import CannotChangeTax
from portal.taxes.authorities.queries import names_of_authorities
from portal.taxes.models import Tax
from portal.taxes.regions.standing import standing_of
from portal.taxes.tax_point import words_of

bp = Blueprint("taxes", __name__)
Kept = TypeVar("Kept")

_TAKEN = "Another tax has this name. Choose another one."
_DRAFTS = {0: "No draft comes", 1: "One draft comes"}


def told(changed: int | None) -> str:
    """After a rate was kept."""
    return f"Saved. {_DRAFTS.get(changed or 0, f'{changed} drafts come')} to something else now."


def keep(form: Form, change: Callable[[Session], Kept]) -> Kept | None:
    """What the change returned, and committed; None for what cannot be, said beside the field."""
    session = request_session()
    try:
        kept = change(session)
        session.commit()
        return kept
    except CannotChangeTax as problem:
        session.rollback()
        form.refuse(problem)
    except IntegrityError:
        session.rollback()
        form.errors["name"] = _TAKEN
    return None


def across(tax: Tax) -> list[Tax]:
    """What may take its place elsewhere in the country: where there is such a place, and it has a rate."""
    if not standing_of(g.organisation.country).get("replaced_in") or tax.kind not in ("percent", "group"):
        return []
    return [each for each in queries.groupable(request_session()) if each.id != tax.id and each.kind == "percent"]


def moving(tax: Tax) -> list[tuple[Tax, Decimal]]:
    """The others that a rate of this one moves."""
    return together.moving_with(tax, queries.taxes_by_id(request_session()), g.organisation.country)


def tax_page(tax_id: int, form: Form, status: int = 200) -> Response:
    """form: what was typed into one of its forms; the others show the tax as it is. Raises NotFound."""
    session, country = request_session(), g.organisation.country
    taxes = queries.taxes_by_id(session)
    tax = queries.get_tax(session, tax_id)  # one of those that were just read
    as_it_is = {"why": tax.why, "name": tax.name} | {
        name: str(getattr(tax, name) or "") for name in ("between_states_id", "authority_id")
    }  # fmt: skip
    form.values = as_it_is | form.values
    ties = bearing.ties_of(session, tax.id)
    page = render_template(
        "taxes/show.html", tax=tax, form=form, kinds=forms.KINDS | {"group": "Group"}, today=clock.today(g.time_zone),
        touched=bearing.touched_by(session, *together.borne_with(tax, taxes, country)), across=across(tax),
        replaced_in=standing_of(country).get("replaced_in"), has_rate=tax.kind in actions.WITH_RATE,
        moving=together.moving_with(tax, taxes, country), stands_alone=together.stands_alone(tax, taxes, country),
        is_per_unit=tax.kind == "fixed_per_unit", authorities=names_of_authorities(session), ties=ties,
        stays=corrections.why_tax_stays(tax, ties), events=timeline(session, "tax", tax.id),
        rate_counts=words_of(country),
    )  # fmt: skip
    return make_response(page, status)
