"""Asking a job's customer for a deposit by a link; stopping a link, sending another, asking no more."""

import uuid
from collections.abc import Callable
from decimal import Decimal

from flask import Response, flash, g, make_response, render_template, request, url_for

from portal.gateways.errors import GatewayError
from portal.invoices.sending import qr_svg, stop_link
from portal.payments import actions
from portal.payments.actions import Way, screen_address
from portal.payments.deposit_queries import (
    get_request,
    get_request_link,
    left_of,
    open_request,
    sendings_of_request,
)
from portal.payments.forms import read_amount
from portal.payments.queries import PaidFor, refused_cards
from portal.payments.rules import MOST_DECLINES
from portal.payments.views.pages import bp
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.money import Money
from portal.shared.web import request_session
from portal.work_orders.models import WorkOrder
from portal.work_orders.queries import get_work_order, sums_of

_CHANNELS = ("email", "sms", "screen")


@bp.get("/work-orders/<int:work_order_id>/deposit-requests")
@allow("raise_invoices")
def deposit_requests(work_order_id: int) -> Response:
    job = get_work_order(request_session(), work_order_id, g.viewer)
    percent = str(g.organisation.deposit_percent or "")
    return _page(job, Form(form_id=uuid.uuid4().hex, channel="email", to=job.customer.email, percent=percent))


@bp.post("/work-orders/<int:work_order_id>/deposit-requests")
@allow("raise_invoices")
def create_deposit_request(work_order_id: int) -> Response:
    """The same form twice is one request."""
    session = request_session()
    job = get_work_order(session, work_order_id, g.viewer)
    form = Form(request.form)
    amount, way = _read_asked(form, job), _read_way(form)
    form_id = form.text("form_id", "the form's id", longest=40)
    if amount is None or not form.ok:
        return _page(job, form, 422)
    return _send(
        work_order_id, form, way,
        lambda: actions.ask_deposit(session, g.organisation, job, amount, way, by=g.viewer.id, form_id=form_id),
    )  # fmt: skip


@bp.post("/work-orders/<int:work_order_id>/deposit-requests/<int:deposit_request_id>/sendings")
@allow("raise_invoices")
def create_deposit_sending(work_order_id: int, deposit_request_id: int) -> Response:
    """Another link to the same request; those that are out stay good."""
    session = request_session()
    job = get_work_order(session, work_order_id, g.viewer)
    asked = get_request(session, work_order_id, deposit_request_id)
    form = Form(request.form)
    way = _read_way(form)
    if not form.ok:
        return _page(job, form, 422)
    if asked.closed_at is not None:
        flash("This deposit is not asked for any more.", "late")
        return _back(work_order_id)
    return _send(
        work_order_id, form, way, lambda: actions.send_request(session, g.organisation, asked, way, by=g.viewer.id)
    )


@bp.post("/work-orders/<int:work_order_id>/deposit-requests/<int:deposit_request_id>/withdrawal")
@allow("raise_invoices")
def create_deposit_withdrawal(work_order_id: int, deposit_request_id: int) -> Response:
    session = request_session()
    organisation_id = get_work_order(session, work_order_id, g.viewer).organisation_id
    get_request(session, work_order_id, deposit_request_id)
    session.rollback()  # no transaction stays open while Stripe is asked
    try:
        actions.withdraw_request(organisation_id, work_order_id, deposit_request_id)
        flash("The deposit is not asked for any more.", "good")
    except RuleBroken as problem:
        flash(problem.sentence, "late")
    except GatewayError:
        flash("Stripe did not answer, so the customer could still pay. Try again in a minute.", "late")
    return _back(work_order_id)


@bp.post(
    "/work-orders/<int:work_order_id>/deposit-requests/<int:deposit_request_id>/links/<int:deposit_link_id>/revocation"
)
@allow("raise_invoices")
def create_deposit_revocation(work_order_id: int, deposit_request_id: int, deposit_link_id: int) -> Response:
    session = request_session()
    get_work_order(session, work_order_id, g.viewer)
    link = get_request_link(session, get_request(session, work_order_id, deposit_request_id).id, deposit_link_id)
    stop_link(session, link, about=("work_order", work_order_id))
    session.commit()
    flash("That link works no more.", "good")
    return _back(work_order_id)


def _read_asked(form: Form, job: WorkOrder) -> Money | None:
    """An amount, or so many percent of what the job comes to."""
    currency = g.organisation.currency
    amount = read_amount(form, "asked", "the amount", currency, required=False)
    if amount is not None or "asked" in form.errors:
        return amount
    if not form.values.get("percent", "").strip():
        form.errors["asked"] = "Enter the amount, for example 100, or a percentage below."
        return None
    percent = form.decimal("percent", "the percentage", least=Decimal("0.01"), most=Decimal(100), places=2)
    if "percent" in form.errors:
        return None
    whole = sums_of(job, currency).net
    found = Money.rounded(whole.decimal * percent / 100, currency)
    if not found:
        form.errors["percent"] = "This job has no prices yet. Add its lines first, or enter an amount."
        return None
    return found


def _read_way(form: Form) -> Way:
    channel = form.choice("channel", "how it is sent", _CHANNELS)
    if channel == "email":
        return Way(channel, form.email("to", "an e-mail address"))
    if channel == "sms":
        return Way(channel, form.text_number("to", "a phone number", g.organisation.country))
    return Way("screen")


def _send(work_order_id: int, form: Form, way: Way, act: Callable[[], object]) -> Response:
    """Commit what asks or asks again; what the rules refuse stands beside its field, with all that was typed."""
    session = request_session()
    try:
        act()
    except RuleBroken as problem:
        session.rollback()
        form.refuse(problem)
        return _page(get_work_order(session, work_order_id, g.viewer), form, 422)
    session.commit()
    flash(f"The link is on its way to {way.address}." if way.address else "Show the code to the customer.", "good")
    return _back(work_order_id)


def _page(job: WorkOrder, form: Form, status: int = 200) -> Response:
    session = request_session()
    asked = open_request(session, job.id)
    sendings = sendings_of_request(session, asked.id) if asked else []
    address = screen_address(sendings)
    page = render_template(
        "payments/deposit_request.html", job=job, form=form, asked=asked, sendings=sendings, address=address,
        is_closed=asked is not None and refused_cards(session, PaidFor("deposit", asked.id)) >= MOST_DECLINES,
        left=left_of(session, asked) if asked else None, qr_svg=qr_svg(address) if address else "",
        worth=sums_of(job, g.organisation.currency).net,
    )  # fmt: skip
    return make_response(page, status)


def _back(work_order_id: int) -> Response:
    return see_other(url_for("payments.deposit_requests", work_order_id=work_order_id))
