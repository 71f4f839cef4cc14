"""Photos of the work, and the customer's signature under it."""

from contextlib import suppress

from flask import Response, g, make_response, render_template, request, url_for

from portal.shared.access import allow, signed_in
from portal.shared.drawing import LARGEST_FILE
from portal.shared.errors import NotFound, RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import large_form, request_session
from portal.work_orders import queries
from portal.work_orders.models import WorkOrder
from portal.work_orders.pictures import actions
from portal.work_orders.pictures.papers import picture_response
from portal.work_orders.pictures.queries import get_picture
from portal.work_orders.views.pages import bp, job_page

_MOST_AT_ONCE = 5


@bp.get("/work-orders/<int:work_order_id>/pictures/<int:picture_id>")
@signed_in
def show_picture(work_order_id: int, picture_id: int) -> Response:
    session = request_session()
    job = queries.get_work_order(session, work_order_id, g.viewer)
    return picture_response(session, [job.id], picture_id, is_small=request.args.get("size") == "small")


@bp.post("/work-orders/<int:work_order_id>/pictures")
@allow("edit_work_orders")
@large_form(_MOST_AT_ONCE * LARGEST_FILE)
def create_pictures(work_order_id: int) -> Response:
    """One photo or several; all are kept or none."""
    session = request_session()
    work_order = queries.get_work_order(session, work_order_id, g.viewer, lock=True)
    try:
        for file in _files() or [b""]:
            actions.add_photo(session, work_order, file, g.viewer.id)
    except RuleBroken as problem:
        session.rollback()
        job = queries.get_work_order(session, work_order_id, g.viewer)
        return make_response(job_page(job, picture_problem=problem.sentence), 422)
    session.commit()
    return see_other(url_for("work_orders.show", work_order_id=work_order_id, _anchor="pictures"))


@bp.post("/work-orders/<int:work_order_id>/pictures/<int:picture_id>/removal")
@allow("edit_work_orders")
def remove_picture(work_order_id: int, picture_id: int) -> Response:
    """One that is gone already is no error: a double tap."""
    session = request_session()
    work_order = queries.get_work_order(session, work_order_id, g.viewer, lock=True)
    with suppress(NotFound):
        actions.remove(session, work_order, get_picture(session, [work_order.id], picture_id))
        session.commit()
    return see_other(url_for("work_orders.show", work_order_id=work_order_id, _anchor="pictures"))


@bp.get("/work-orders/<int:work_order_id>/signature")
@allow("edit_work_orders")
def new_signature(work_order_id: int) -> Response:
    work_order = queries.get_work_order(request_session(), work_order_id, g.viewer)
    known = work_order.contact.name if work_order.contact else ""
    return _signature_page(work_order, Form(signed_by=known))


@bp.post("/work-orders/<int:work_order_id>/signature")
@allow("edit_work_orders")
@large_form(LARGEST_FILE)
def create_signature(work_order_id: int) -> Response:
    session = request_session()
    work_order = queries.get_work_order(session, work_order_id, g.viewer, lock=True)
    form = Form(request.form)
    signed_by = form.text("signed_by", "who signs", longest=100)
    if form.ok:
        try:
            actions.sign(session, work_order, next(iter(_files()), b""), signed_by, g.viewer.id)
        except RuleBroken as problem:
            form.errors["picture"] = problem.sentence
    if not form.ok:
        return _signature_page(work_order, form, 422)
    session.commit()
    return see_other(url_for("work_orders.show", work_order_id=work_order_id, _anchor="pictures"))


def _files() -> list[bytes]:
    contents = []
    for file in request.files.getlist("picture")[:_MOST_AT_ONCE]:
        with file.stream:
            contents.append(file.read(LARGEST_FILE + 1))
    return contents


def _signature_page(work_order: WorkOrder, form: Form, status: int = 200) -> Response:
    return make_response(render_template("work_orders/signature.html", work_order=work_order, form=form), status)
