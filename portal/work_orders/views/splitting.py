"""Cutting a line, so that a share of it can be billed before the rest."""

import uuid
from decimal import Decimal

from flask import Response, g, make_response, render_template, request, url_for

from portal.shared.access import allow
from portal.shared.errors import NotFound, RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session
from portal.work_orders import actions, queries
from portal.work_orders.models import WorkOrder, WorkOrderLine
from portal.work_orders.views.pages import bp


@bp.get("/work-orders/<int:work_order_id>/lines/<int:line_id>/shares")
@allow("raise_invoices")
def new_share(work_order_id: int, line_id: int) -> Response:
    return _page(*_line(work_order_id, line_id), Form(percent="50", form_id=uuid.uuid4().hex))


@bp.post("/work-orders/<int:work_order_id>/lines/<int:line_id>/shares")
@allow("raise_invoices")
def create_share(work_order_id: int, line_id: int) -> Response:
    """The same form twice cuts once. On to the invoice, where the pieces are ticked like any other lines."""
    session = request_session()
    work_order, line = _line(work_order_id, line_id, lock=True)
    form = Form(request.form)
    percent = form.decimal("percent", "a share", least=Decimal("0.1"), most=Decimal("99.9"), places=1)
    form_id = form.text("form_id", "the form's id", longest=40, required=False) or None
    if not form.ok:
        return _page(work_order, line, form, 422)
    if form_id is None or not any(each.form_id == form_id for each in work_order.lines):
        try:
            queries.check_editable(session, line)
            actions.split_line(session, work_order, line, percent, g.organisation.currency, form_id=form_id)
        except RuleBroken as problem:
            session.rollback()
            form.refuse(problem)
            return _page(*_line(work_order_id, line_id), form, 422)
        session.commit()
    return see_other(url_for("work_orders.show", work_order_id=work_order_id, _anchor="lines"))


def _line(work_order_id: int, line_id: int, *, lock: bool = False) -> tuple[WorkOrder, WorkOrderLine]:
    work_order = queries.get_work_order(request_session(), work_order_id, g.viewer, lock=lock)
    line = next((line for line in work_order.lines if line.id == line_id), None)
    if line is None:
        raise NotFound
    return work_order, line


def _page(work_order: WorkOrder, line: WorkOrderLine, form: Form, status: int = 200) -> Response:
    return make_response(render_template("work_orders/share.html", work_order=work_order, line=line, form=form), status)
