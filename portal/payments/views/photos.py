"""Photos of cheques and slips: looked at by who keeps the books, and added when they were forgotten."""

from flask import Response, g, make_response, request, url_for

from portal.payments import queries
from portal.payments.actions.allocation import lock_customer
from portal.payments.photos import get_photo, keep_photo, read_photo
from portal.payments.views.pages import bp
from portal.payments.views.recording import payment_page
from portal.shared.access import allow
from portal.shared.drawing import LARGEST_FILE
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import large_form, request_session


@bp.get("/payments/<int:payment_id>/photos/<int:photo_id>")
@allow("see_board")
def show_photo(payment_id: int, photo_id: int) -> Response:
    is_small = request.args.get("size") == "small"
    response = Response(get_photo(request_session(), payment_id, photo_id, small=is_small), mimetype="image/jpeg")
    response.headers["Cache-Control"] = "private, max-age=3600"  # it never changes
    response.headers["Content-Disposition"] = "inline"
    return response


@bp.post("/payments/<int:payment_id>/photos")
@allow("see_board")
@large_form(LARGEST_FILE)
def create_photo(payment_id: int) -> Response:
    session, form = request_session(), Form(request.form)
    payment = queries.get_payment(session, payment_id).payment
    drawn = read_photo(form, request.files)
    if drawn is None:
        form.errors.setdefault("picture", "Choose a picture first.")
    else:
        try:
            lock_customer(session, payment.customer_id)  # a payment's row is never changed, so nobody may lock it
            keep_photo(session, payment, drawn, taken_by=g.viewer.id)
        except RuleBroken as problem:
            session.rollback()
            form.refuse(problem)
    if not form.ok:
        return make_response(payment_page(payment_id, form), 422)
    session.commit()
    return see_other(url_for("payments.show", payment_id=payment_id, _anchor="photos"))
