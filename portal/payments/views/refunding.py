"""Giving money back, disputes, and what Stripe told us that could not be followed."""

from flask import Response, flash, g, make_response, render_template, request, url_for

from portal.payments import actions, queries
from portal.payments.forms import read_given_back
from portal.payments.refunds.queries import failed_events, open_disputes
from portal.payments.views.pages import bp
from portal.payments.views.recording import payment_page
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session


@bp.post("/payments/<int:payment_id>/refunds")
@allow("refund")
def create_refund(payment_id: int) -> Response:
    """By card it is sent by the worker, after this is committed; the page says how it stands."""
    session = request_session()
    payment = queries.get_payment(session, payment_id).payment
    form = Form(request.form)
    back = read_given_back(form, payment.currency)
    ways = ("stripe", "cash", "bank_transfer") if payment.provider == "stripe" else ("cash", "bank_transfer")
    way = form.choice("way", "how it goes back", ways)
    reason = form.text("reason", "a reason", longest=200)
    form_id = form.text("form_id", "the form's id", longest=40)
    if form.ok:
        try:
            actions.plan_refund(
                session, payment_id, back.amount, way=way, reason=reason, by=g.viewer.id, form_id=form_id, tip=back.tip
            )
        except RuleBroken as problem:
            session.rollback()
            form.refuse(problem)
    if not form.ok:
        return make_response(payment_page(payment_id, form), 422)
    session.commit()
    return see_other(url_for("payments.show", payment_id=payment_id))


@bp.get("/payments/disputes")
@allow("see_board")
def disputes() -> str:
    return render_template("payments/disputes.html", disputes=open_disputes(request_session()))


@bp.get("/payments/events")
@allow("see_board")
def events() -> str:
    """What Stripe told us and we could not follow, however often we tried."""
    return render_template("payments/events.html", events=failed_events(request_session()))


@bp.post("/payments/events/<int:event_id>/retry")
@allow("see_board")
def retry_event(event_id: int) -> Response:
    """What is not stuck (any more) is no error."""
    session = request_session()
    if actions.retry_event(session, event_id):
        flash("It is tried again now. If it fails, it comes back here.", "good")
    session.commit()
    return see_other(url_for("payments.events"))
