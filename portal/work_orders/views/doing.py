"""On the job: its services and parts, and its steps."""

import uuid
from decimal import Decimal

from flask import Response, g, make_response, request, url_for

from portal.catalogue.queries import get_item, list_items
from portal.shared.access import allow
from portal.shared.errors import NotFound, RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import page_or_fragment, see_other
from portal.shared.text import clean
from portal.shared.web import request_session
from portal.work_orders import actions, forms, queries, rules
from portal.work_orders.models import WorkOrder, WorkOrderLine
from portal.work_orders.views.pages import bp, job_page


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
    if item_id is None:
        raise NotFound
    form_id = forms.form_id_of(form, work_order_id, item_id)
    if form_id is None or not any(line.form_id == form_id for line in work_order.lines):
        item = get_item(session, item_id)
        try:
            actions.add_line(session, work_order, item, Decimal(1), form_id=form_id)
        except RuleBroken as problem:
            return _refused(work_order_id, problem)
        session.commit()
    return see_other(url_for("work_orders.show", work_order_id=work_order_id, _anchor="lines"))


@bp.post("/work-orders/<int:work_order_id>/lines/<int:line_id>")
@allow("edit_work_orders")
def update_line(work_order_id: int, line_id: int) -> Response:
    session = request_session()
    try:
        work_order, line = _unbilled_line(work_order_id, line_id)
    except RuleBroken as problem:
        return _refused(work_order_id, problem)
    form = Form(request.form)
    quantity = forms.read_quantity(form)
    if not form.ok:
        return make_response(job_page(work_order, forms_by_line={line.id: form}), 422)
    try:
        actions.change_quantity(session, work_order, line, quantity)
    except RuleBroken as problem:
        form.errors["quantity"] = problem.sentence
        return make_response(job_page(work_order, forms_by_line={line.id: form}), 422)
    session.commit()
    return see_other(url_for("work_orders.show", work_order_id=work_order_id, _anchor="lines"))


@bp.post("/work-orders/<int:work_order_id>/lines/<int:line_id>/removal")
@allow("edit_work_orders")
def remove_line(work_order_id: int, line_id: int) -> Response:
    session = request_session()
    try:
        work_order, line = _unbilled_line(work_order_id, line_id)
    except RuleBroken as problem:
        return _refused(work_order_id, problem)
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
        return make_response(job_page(work_order, problem=form.errors["step"]), 422)
    try:
        if work_order.status != forms.STEPS[step]:
            actions.take_step(session, work_order, step)
    except RuleBroken as problem:
        return _refused(work_order_id, problem)
    session.commit()
    return see_other(url_for("work_orders.show", work_order_id=work_order_id))


def _refused(work_order_id: int, problem: RuleBroken) -> Response:
    """The job as it is now, and why it could not be done."""
    session = request_session()
    session.rollback()
    page = job_page(queries.get_work_order(session, work_order_id, g.viewer), problem.sentence)
    return make_response(page, 404 if isinstance(problem, rules.LineGone) else 422)


def _unbilled_line(work_order_id: int, line_id: int) -> tuple[WorkOrder, WorkOrderLine]:
    """Under the job's row lock. Raises NotFound, LineGone, NotEditable."""
    work_order = queries.get_work_order(request_session(), work_order_id, g.viewer, lock=True)
    line = next((line for line in work_order.lines if line.id == line_id), None)
    if line is None:
        raise rules.LineGone("That line has been removed from this job. This is the job as it is now.")
    queries.check_editable(request_session(), line)
    return work_order, line
