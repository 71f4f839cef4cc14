"""Pages of customers."""

import uuid
from typing import Any

from flask import Blueprint, Response, g, make_response, render_template, request, url_for
from sqlalchemy.exc import IntegrityError

from portal.customers import actions, forms, queries
from portal.customers.models import Customer
from portal.customers.money import MONEY_KEPT
from portal.organisations.audit import timeline
from portal.organisations.places import countries
from portal.shared import clock
from portal.shared.access import allow
from portal.shared.forms import Form
from portal.shared.htmx import page_or_fragment, see_other
from portal.shared.languages import LANGUAGES
from portal.shared.text import clean
from portal.shared.web import page_number, request_session
from portal.taxes.queries import list_taxes
from portal.taxes.regions import places
from portal.taxes.regions.standing import standing_of
from portal.taxes.standing.queries import list_exemptions

bp = Blueprint("customers", __name__)


@bp.get("/customers")
@allow("edit_customers", "see_all_work_orders")
def index() -> Response:
    search, page = clean(request.args.get("q", ""))[:100], page_number()
    customers, has_more = queries.list_customers(request_session(), search=search, page=page)
    return page_or_fragment(
        "customers/index.html",
        "customers/_rows.html",
        customers=customers,
        has_more=has_more,
        page_no=page,
        search=search,
    )


@bp.get("/customers/<int:customer_id>")
@allow("edit_customers", "see_all_work_orders")
def show(customer_id: int) -> str:
    session = request_session()
    customer = queries.get_customer(session, customer_id)
    events = timeline(session, "customer", customer_id)
    return render_template(
        "customers/show.html", customer=customer, events=events, countries=countries(),
        treatments=standing_of(g.organisation.country)["treatments"], places=places(g.organisation.country),
        today=clock.today(g.organisation.time_zone),
        kept=[each for asked in MONEY_KEPT for each in asked(session, customer_id)],
    )  # fmt: skip


@bp.get("/customers/new")
@allow("edit_customers")
def new() -> Response:
    return _new_page(Form(form_id=uuid.uuid4().hex, kind="business", country=g.organisation.country))


@bp.post("/customers")
@allow("edit_customers")
def create() -> Response:
    """The same form twice leads to the same customer."""
    session = request_session()
    form, facts = forms.read_customer(request.form)
    standing = _read_standing(form)
    form_id = forms.form_id_of(form)
    made_before = queries.find_by_form(session, form_id) if form_id else None
    if made_before is not None:
        return _shown(made_before)
    if not form.ok:
        return _new_page(form, 422)
    try:
        customer = actions.add_customer(session, g.viewer.organisation_id, facts, form_id=form_id)
        actions.set_standing(session, customer, standing)
        session.commit()
    except IntegrityError:  # the second of two taps, both under way at once
        session.rollback()
        twin = queries.find_by_form(session, form_id) if form_id else None
        if twin is None:
            raise
        return _shown(twin)
    return _shown(customer)


@bp.get("/customers/<int:customer_id>/edit")
@allow("edit_customers")
def edit(customer_id: int) -> Response:
    customer = queries.get_customer(request_session(), customer_id)
    return _edit_page(customer, _filled_with(customer))


@bp.post("/customers/<int:customer_id>")
@allow("edit_customers")
def update(customer_id: int) -> Response:
    session = request_session()
    customer = queries.get_customer(session, customer_id)
    form, facts = forms.read_customer(request.form)
    standing = _read_standing(form, customer)
    form.check_seen(_filled_with(customer))
    if not form.ok:
        return _edit_page(customer, form, 422)
    actions.edit_customer(session, customer, facts)
    actions.set_standing(session, customer, standing)
    session.commit()
    return _shown(customer)


def _filled_with(customer: Customer) -> Form:
    return forms.filled_with(customer, g.organisation.country)


def _shown(customer: Customer) -> Response:
    return see_other(url_for("customers.show", customer_id=customer.id))


def _read_standing(form: Form, customer: Customer | None = None) -> actions.TaxStanding:
    said = _tax_choices(customer)
    return forms.read_standing(
        form, g.organisation.country, tax_ids={tax.id for tax in said["taxes"]},
        exemption_ids={each.id for each in said["exemptions"]},
    )  # fmt: skip


def _tax_choices(customer: Customer | None = None) -> dict[str, Any]:
    """What the part about tax offers to a firm of this region."""
    session, country = request_session(), g.organisation.country
    asked = standing_of(country)
    return {
        "asked": asked, "treatments": asked["treatments"], "places": places(country),
        "exemptions": list_exemptions(session, "customer", keep=customer.exemption_id if customer else None),
        "taxes": list_taxes(session) if asked.get("by_address") else [],
    }  # fmt: skip


def _new_page(form: Form, status: int = 200) -> Response:
    page = render_template(
        "customers/new.html", form=form, kinds=forms.KINDS, countries=countries(), languages=LANGUAGES,
        elsewhere=forms.elsewhere(form, g.organisation.country), **_tax_choices(),
    )  # fmt: skip
    return make_response(page, status)


def _edit_page(customer: Customer, form: Form, status: int = 200) -> Response:
    page = render_template(
        "customers/edit.html", customer=customer, form=form, kinds=forms.KINDS, countries=countries(),
        languages=LANGUAGES, seen=_filled_with(customer).fingerprint,
        elsewhere=forms.elsewhere(form, g.organisation.country), **_tax_choices(customer),
    )  # fmt: skip
    return make_response(page, status)
