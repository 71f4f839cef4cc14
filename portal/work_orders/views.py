"""Pages of jobs: today's visits, one job, adding to it."""

import uuid
from decimal import Decimal

from flask import Blueprint, Response, g, make_response, render_template, request, url_for

from portal.catalogue.queries import get_item, list_items
from portal.customers.queries import get_customer, list_customers
from portal.shared import clock
from portal.shared.access import allow, signed_in
from portal.shared.errors import NotFound, RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import page_or_fragment, see_other
from portal.shared.text import clean
from portal.shared.web import page_number, request_session
from portal.work_orders import actions, forms, queries
from portal.work_orders.models import WorkOrder, WorkOrderLine

bp = Blueprint("work_orders", __name__)


@bp.get("/today")
@signed_in
def today() -> str:
    day = clock.today(g.time_zone)
    visits = queries.visits_on(request_session(), g.viewer, day, g.time_zone)
    return render_template("work_orders/today.html", visits=visits, day=day)


@bp.get("/work-orders")
@allow("see_all_work_orders")
def index() -> Response:
    search = clean(request.args.get("q", ""))[:100]
    state = request.args.get("state", "")
    page = page_number()
    rows, has_more = queries.list_work_orders(request_session(), g.viewer, search=search, state=state, page=page)
    return page_or_fragment(
        "work_orders/index.html", "work_orders/_rows.html", rows=rows, has_more=has_more, page=page, search=search,
        state=state,
    )  # fmt: skip


@bp.get("/work-orders/new")
@allow("see_all_work_orders")
def new() -> str:
    form = forms.blank(request.args.get("customer_id", ""), clock.today(g.time_zone))
    return _new_page(form)


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
    work_order = actions.create_work_order(session, customer, wanted.facts)
    session.commit()
    return see_other(url_for("work_orders.show", work_order_id=work_order.id))


@bp.get("/work-orders/<int:work_order_id>")
@signed_in
def show(work_order_id: int) -> str:
    return _page(queries.get_work_order(request_session(), work_order_id, g.viewer))


@bp.get("/work-orders/<int:work_order_id>/lines/new")
@allow("edit_work_orders")
def new_line(work_order_id: int) -> Response:
    session = request_session()
    work_order = queries.get_work_order(session, work_order_id, g.viewer)
    search = clean(request.args.get("q", ""))[:100]
    items, has_more = list_items(session, search=search)
    return page_or_fragment(
        "work_orders/new_line.html", "work_orders/_pick.html", work_order=work_order, items=items, search=search,
        has_more=has_more, form_id=uuid.uuid4().hex,
    )  # fmt: skip


@bp.post("/work-orders/<int:work_order_id>/lines")
@allow("edit_work_orders")
def create_line(work_order_id: int) -> Response:
    session = request_session()
    work_order = queries.get_work_order(session, work_order_id, g.viewer, lock=True)
    form = Form(request.form)
    item_id = form.record("item_id", "a service or part")
    form_id = forms.form_id_of(form, item_id)
    if item_id is None:
        raise NotFound
    if form_id is None or not any(line.form_id == form_id for line in work_order.lines):
        item = get_item(session, item_id)
        actions.add_line(session, work_order, item, Decimal(1), form_id=form_id)
        session.commit()
    return see_other(url_for("work_orders.show", work_order_id=work_order_id, _anchor="lines"))


@bp.post("/work-orders/<int:work_order_id>/lines/<int:line_id>")
@allow("edit_work_orders")
def update_line(work_order_id: int, line_id: int) -> Response:
    session = request_session()
    work_order, line = _unbilled_line(work_order_id, line_id)
    form = Form(request.form)
    quantity = forms.read_quantity(form)
    if not form.ok:
        return make_response(_page(work_order, forms_by_line={line.id: form}), 422)
    actions.change_quantity(session, work_order, line, quantity)
    session.commit()
    return see_other(url_for("work_orders.show", work_order_id=work_order_id, _anchor="lines"))


@bp.post("/work-orders/<int:work_order_id>/lines/<int:line_id>/removal")
@allow("edit_work_orders")
def remove_line(work_order_id: int, line_id: int) -> Response:
    session = request_session()
    work_order, line = _unbilled_line(work_order_id, line_id)
    actions.remove_line(session, work_order, line)
    session.commit()
    return see_other(url_for("work_orders.show", work_order_id=work_order_id, _anchor="lines"))


@bp.post("/work-orders/<int:work_order_id>/steps")
@allow("edit_work_orders")
def create_step(work_order_id: int) -> Response:
    """start, complete, reopen, close or cancel. A step that has been taken already is no error: a double tap."""
    session = request_session()
    work_order = queries.get_work_order(session, work_order_id, g.viewer, lock=True)
    form = Form(request.form)
    step = form.choice("step", "what to do", forms.STEPS)
    if not form.ok:
        return make_response(_page(work_order, problem=form.errors["step"]), 422)
    try:
        if work_order.status != forms.STEPS[step]:
            actions.take_step(session, work_order, step)
    except RuleBroken as problem:
        session.rollback()
        return make_response(_page(queries.get_work_order(session, work_order_id, g.viewer), problem.sentence), 422)
    session.commit()
    return see_other(url_for("work_orders.show", work_order_id=work_order_id))


def _unbilled_line(work_order_id: int, line_id: int) -> tuple[WorkOrder, WorkOrderLine]:
    """Under the job's row lock. Raises NotFound, NotEditable."""
    work_order = queries.get_work_order(request_session(), work_order_id, g.viewer, lock=True)
    line = next((line for line in work_order.lines if line.id == line_id), None)
    if line is None:
        raise NotFound
    queries.check_editable(request_session(), line)
    return work_order, line


def _page(work_order: WorkOrder, problem: str = "", forms_by_line: dict[int, Form] | None = None) -> str:
    return render_template(
        "work_orders/show.html", work_order=work_order, problem=problem, forms_by_line=forms_by_line or {},
        sums=queries.sums_of(work_order, g.organisation.currency) if g.viewer.may("see_prices") else None,
        events=queries.events_of(request_session(), work_order),
    )  # fmt: skip


def _new_page(form: Form) -> str:
    session = request_session()
    customers, _more = list_customers(session)
    return render_template(
        "work_orders/new.html", form=form, customers=customers, technicians=queries.technicians(session)
    )
