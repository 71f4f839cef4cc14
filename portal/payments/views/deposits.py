"""Deposits of a job: what was taken before the work, and taking one."""

import uuid
from dataclasses import replace

from flask import Response, flash, g, make_response, render_template, request, url_for

from portal.payments import actions
from portal.payments.forms import read_payment
from portal.payments.photos import read_photo
from portal.payments.queries import deposits_of
from portal.payments.views.pages import bp, see_recorded, try_to_record
from portal.shared import clock
from portal.shared.access import allow
from portal.shared.drawing import LARGEST_FILE
from portal.shared.formats import money
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import large_form, request_session
from portal.work_orders.models import WorkOrder
from portal.work_orders.queries import get_work_order


@bp.get("/work-orders/<int:work_order_id>/deposits")
@allow("take_cash")
def deposits(work_order_id: int) -> Response:
    job = get_work_order(request_session(), work_order_id, g.viewer)
    today = clock.today(g.time_zone).isoformat()
    return _page(job, Form(form_id=uuid.uuid4().hex, method="cash", received_on=today))


@bp.post("/work-orders/<int:work_order_id>/deposits")
@allow("take_cash")
@large_form(LARGEST_FILE)
def create_deposit(work_order_id: int) -> Response:
    """The same form twice is one payment."""
    session = request_session()
    job = get_work_order(session, work_order_id, g.viewer)
    form = Form(request.form)
    taken = read_payment(
        form, customer_id=job.customer_id, invoice_ids=[], currency=g.organisation.currency,
        today=clock.today(g.time_zone), taken_by=g.viewer.id,
    )  # fmt: skip
    photo = read_photo(form, request.files)
    if not form.ok:
        return _page(job, form, 422)
    session.rollback()
    taken = replace(taken, deposit_for=work_order_id, photo=photo)
    recorded = try_to_record(form, g.viewer.organisation_id, taken)
    if recorded is None:
        return _page(get_work_order(session, work_order_id, g.viewer), form, 422)
    change = f" Give back {money(recorded.change)}." if recorded.change else ""
    flash(f"{money(recorded.received)} taken, receipt {recorded.number}.{change}", "good")
    return see_recorded(url_for("payments.deposits", work_order_id=work_order_id), recorded)


@bp.post("/payments/<int:payment_id>/deposit-release")
@allow("refund")
def create_deposit_release(payment_id: int) -> Response:
    """Safe to repeat."""
    session = request_session()
    actions.free_deposit(session, payment_id)
    session.commit()
    flash("It is ordinary credit of the customer now.", "good")
    return see_other(url_for("payments.show", payment_id=payment_id))


def _page(job: WorkOrder, form: Form, status: int = 200) -> Response:
    taken = deposits_of(request_session(), job.id)
    page = render_template(
        "payments/deposits.html", job=job, taken=taken, form=form, today=clock.today(g.time_zone)
    )  # fmt: skip
    return make_response(page, status)
