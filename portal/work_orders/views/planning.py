"""Planning a job, and changing the plan."""

from collections.abc import Sequence
from typing import Any

from flask import Response, g, make_response, render_template, request, url_for
from sqlalchemy.exc import IntegrityError

from portal.customers.models import Customer
from portal.customers.queries import find_customer, get_customer, list_customers
from portal.shared import clock
from portal.shared.access import allow
from portal.shared.errors import NotFound
from portal.shared.forms import Form
from portal.shared.htmx import page_or_fragment, see_other
from portal.shared.text import clean, id_from
from portal.shared.web import request_session
from portal.work_orders import actions, forms, queries
from portal.work_orders.models import WorkOrder
from portal.work_orders.views.pages import bp


@bp.get("/work-orders/new")
@allow("see_all_work_orders")
def new() -> Response:
    """Also the list of customers alone, while letters are typed into the search above it."""
    form = forms.blank(request.args.get("customer_id", ""), clock.today(g.time_zone))
    search = clean(request.args.get("q", ""))[:100]
    return page_or_fragment("work_orders/new.html", "work_orders/_customer.html", **_for_new(form, search))


@bp.post("/work-orders")
@allow("see_all_work_orders")
def create() -> Response:
    session = request_session()
    people = queries.technicians(session)
    form, wanted = forms.read_work_order(request.form, {person.id for person in people}, g.time_zone)
    repeated = queries.find_by_form(session, wanted.form_id) if wanted.form_id else None
    if repeated is not None:
        return see_other(url_for("work_orders.show", work_order_id=repeated.id))
    if not form.ok:
        return make_response(_new_page(form), 422)
    try:
        customer = get_customer(session, wanted.customer_id)
    except NotFound:
        form.errors["customer_id"] = "Choose a customer from the list."
        return make_response(_new_page(form), 422)
    try:
        work_order = actions.create_work_order(session, customer, wanted.facts)
        session.commit()
    except IntegrityError:  # the second of two taps, both under way at once
        session.rollback()
        twin = queries.find_by_form(session, wanted.form_id) if wanted.form_id else None
        if twin is None:
            raise
        work_order = twin
    return see_other(url_for("work_orders.show", work_order_id=work_order.id))


@bp.get("/work-orders/<int:work_order_id>/edit")
@allow("see_all_work_orders")
def edit(work_order_id: int) -> str:
    work_order = queries.get_work_order(request_session(), work_order_id, g.viewer)
    return _edit_page(work_order, forms.filled_with(work_order, g.time_zone))


@bp.post("/work-orders/<int:work_order_id>")
@allow("see_all_work_orders")
def update(work_order_id: int) -> Response:
    """What is to be done, by whom and when. What has been billed stays as it was."""
    session = request_session()
    work_order = queries.get_work_order(session, work_order_id, g.viewer, lock=True)
    people = queries.technicians(session)
    form, plan = forms.read_plan(request.form, {person.id for person in people}, g.time_zone)
    form.check_seen(forms.filled_with(work_order, g.time_zone))
    if not form.ok:
        return make_response(_edit_page(work_order, form), 422)
    actions.change_plan(session, work_order, plan)
    session.commit()
    return see_other(url_for("work_orders.show", work_order_id=work_order_id))


def _new_page(form: Form) -> str:
    return render_template("work_orders/new.html", **_for_new(form))


def _for_new(form: Form, search: str = "") -> dict[str, Any]:
    """The customers that match, and always the one who is chosen already."""
    session = request_session()
    found, has_more = list_customers(session, search=search)
    customers = [*_chosen(form, found), *found]
    if search and len(customers) == 1:
        form.values["customer_id"] = str(customers[0].id)
    return {
        "form": form, "customers": customers, "has_more": has_more, "search": search,
        "technicians": queries.technicians(session),
    }  # fmt: skip


def _chosen(form: Form, found: Sequence[Customer]) -> list[Customer]:
    """The customer of the form, unless already among those found."""
    customer_id = id_from(form.values.get("customer_id", ""))
    if customer_id is None or any(customer.id == customer_id for customer in found):
        return []
    customer = find_customer(request_session(), customer_id)
    return [customer] if customer else []


def _edit_page(work_order: WorkOrder, form: Form) -> str:
    technicians = queries.technicians(request_session())
    seen = forms.filled_with(work_order, g.time_zone).fingerprint
    return render_template(
        "work_orders/edit.html", work_order=work_order, form=form, seen=seen, technicians=technicians
    )
