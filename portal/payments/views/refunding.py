"""Giving money back, disputes, and what Stripe told us that could not be followed."""

from flask import Response, flash, g, make_response, render_template, request, url_for

from portal.invoices.queries import get_invoice
from portal.payments import actions, queries
from portal.payments.forms import read_given_back
from portal.payments.refunds.queries import failed_events, list_given_twice, list_undecided, open_disputes
from portal.payments.surplus import list_waiting_surpluses
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
    then = form.choice("then", "what becomes of the invoice", ("credit", "ask") if g.viewer.may("void") else ("ask",),
                       default="credit" if g.viewer.may("void") else "ask")  # fmt: skip
    reason = form.text("reason", "a reason", longest=200)
    form_id = form.text("form_id", "the form's id", longest=40)
    if form.ok:
        try:
            actions.give_back(
                session, payment_id, back.amount, then=then, way=way, reason=reason, by=g.viewer.id, form_id=form_id,
                tip=back.tip,
            )  # fmt: skip
        except RuleBroken as problem:
            session.rollback()
            form.refuse(problem)
    if not form.ok:
        return make_response(payment_page(payment_id, form), 422)
    session.commit()
    return see_other(url_for("payments.show", payment_id=payment_id))


@bp.post("/payments/<int:payment_id>/surplus/keeping")
@allow("refund")
def keep_surplus(payment_id: int) -> Response:
    """Safe to repeat."""
    session = request_session()
    queries.get_payment(session, payment_id)
    actions.keep_surplus(session, payment_id)
    session.commit()
    return see_other(url_for("payments.show", payment_id=payment_id))


@bp.post("/payments/<int:payment_id>/refunds/<int:refund_id>/settlement")
@allow("refund")
def settle_given_twice(payment_id: int, refund_id: int) -> Response:
    """How what went back twice was settled."""
    session, form = request_session(), Form(request.form)
    how = form.text("how", "how it was settled", longest=200)
    if not form.ok:
        return make_response(payment_page(payment_id, form), 422)
    actions.settle_given_twice(session, payment_id, refund_id, how)
    session.commit()
    return see_other(url_for("payments.show", payment_id=payment_id))


@bp.post("/invoices/<int:invoice_id>/money-back")
@allow("void")
def decide_money_back(invoice_id: int) -> Response:
    """What follows where the money went back by itself: a note, asking again, or giving up."""
    session, form = request_session(), Form(request.form)
    get_invoice(session, invoice_id, g.viewer)
    then = form.choice("then", "what follows", ("credit", "ask", "give_up"))
    try:
        if form.ok:
            actions.decide(session, invoice_id, then, by=g.viewer.id)
            session.commit()
    except RuleBroken as problem:
        session.rollback()
        form.refuse(problem)
    for sentence in form.errors.values():
        flash(sentence, "late")
    return see_other(url_for("invoices.show", invoice_id=invoice_id))


@bp.get("/payments/disputes")
@allow("see_board")
def disputes() -> str:
    session = request_session()
    return render_template(
        "payments/disputes.html", disputes=open_disputes(session), undecided=list_undecided(session),
        twice=list_given_twice(session), surpluses=list_waiting_surpluses(session),
    )  # fmt: skip


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
