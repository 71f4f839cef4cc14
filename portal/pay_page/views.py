"""The customer's link: see what was done, pay, keep the receipt. The secret in the address is the only key."""

import logging
import math
import uuid
from datetime import timedelta
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, g, make_response, redirect, render_template, request, url_for

from portal.gateways.errors import GatewayError
from portal.invoices.models import PayLink
from portal.invoices.pay_links import reveal_token
from portal.pay_page import limits, papers
from portal.pay_page.actions import note_opening
from portal.pay_page.proofs import form_proof, is_from_our_page, is_proven, recall_payer, remember_payer
from portal.pay_page.queries import ExpiredLink, PayPage, UnknownLink, find_attempt, open_link
from portal.payments.actions import Started, look_at_attempt, start_attempt
from portal.payments.rules import CannotPay, NothingToPay, TooManySessions
from portal.shared import clock
from portal.shared.access import everyone
from portal.shared.csrf import exempt
from portal.shared.db import enter
from portal.shared.web import client_address, request_session, settings

bp = Blueprint("pay_page", __name__)
log = logging.getLogger(__name__)

_LOOK_AGAIN_S = 4
_OUT_OF_DATE = "This page was out of date. Look at the amount, then tap Pay again."
_CHANGED = "The amount has changed since you opened this page. Look at it again before you pay."
_NO_ANSWER = "The card page cannot be reached right now. Nothing was charged. Try again in a minute."


@bp.before_request
def _mark_public() -> None:
    g.public_page = True


@bp.get("/p/<token>")
@everyone
def show(token: str) -> Response:
    response = _render(token, _page_of(token, to_look=True))
    request_session().commit()  # of nothing: a rollback would throw the connection's prepared statements away
    return response


@bp.get("/p/<token>/invoice.pdf")
@everyone
def show_pdf(token: str) -> Response:
    page = _page_of(token)
    return papers.invoice_response(request_session(), page)


@bp.get("/p/<token>/receipts/<int:payment_id>.pdf")
@everyone
def show_receipt(token: str, payment_id: int) -> Response:
    page = _page_of(token)
    return papers.receipt_response(request_session(), page, payment_id)


@bp.post("/p/<token>/opening")
@everyone
@exempt
def create_opening(token: str) -> tuple[str, int]:
    """Sent by the page's script once it is really on a screen; fetching the page counts for nothing."""
    page = _page_of(token)
    if not is_from_our_page():
        abort(403)
    note_opening(request_session(), page.link)
    request_session().commit()
    return "", 204


@bp.post("/p/<token>/attempts")
@everyone
@exempt
def create_attempt(token: str) -> Response:
    """Pay: to Stripe's page, the same one for everybody who taps."""
    page = _page_of(token)
    shown = request.form.get("shown", "")
    if not is_from_our_page() or not is_proven(token, shown, request.form.get("proof", "")):
        return _render(token, page, problem=_OUT_OF_DATE, status=403)
    if page.is_payable and shown != _shown(page):
        return _render(token, page, problem=_CHANGED, status=409)
    if limits.is_beyond(limits.TAPS, page.link.id):
        return _come_later(token, page, limits.TAPS.window)
    return _send_to_stripe(token, page)


@bp.get("/r/<uuid:public_id>")
@everyone
def come_back(public_id: uuid.UUID) -> Response:
    """Back from Stripe, paid or not: nothing in this address is believed, Stripe is asked."""
    session = request_session()
    link_id, found = recall_payer(public_id), find_attempt(session, str(public_id))
    if found is None:
        return make_response(render_template("pay_page/thanks.html"))
    organisation_id, attempt_id = found
    is_known = _look(organisation_id, attempt_id)
    if link_id is None:
        return make_response(render_template("pay_page/thanks.html"))
    if not is_known:
        response = make_response(render_template("pay_page/checking.html"))
        response.headers["Refresh"] = str(_LOOK_AGAIN_S)
        return response
    enter(session, organisation_id)
    link = session.get(PayLink, link_id)
    if link is None:
        raise UnknownLink
    return _see(reveal_token(link, settings().vault))


@bp.errorhandler(UnknownLink)
def _unknown(_problem: UnknownLink) -> Response:
    return make_response(render_template("pay_page/unknown.html", organisation=None), 404)


@bp.errorhandler(ExpiredLink)
def _expired(problem: ExpiredLink) -> Response:
    return make_response(render_template("pay_page/expired.html", organisation=problem.organisation), 410)


def _page_of(token: str, *, to_look: bool = False) -> PayPage:
    """Raises UnknownLink, ExpiredLink."""
    try:
        page = open_link(request_session(), token, to_look=to_look)
    except UnknownLink:
        request_session().rollback()  # a miss is written down, and a revoked link's transaction was for looking only
        if limits.is_beyond(limits.MISSES, client_address()):
            abort(429)
        raise
    g.locale, g.time_zone = page.organisation.locale, page.organisation.time_zone
    return page


def _render(token: str, page: PayPage, *, problem: str = "", status: int = 200) -> Response:
    shown = _shown(page)
    body = render_template(
        "pay_page/show.html", page=page, organisation=page.organisation, invoice=page.invoice, token=token,
        shown=shown, proof=form_proof(token, shown), problem=problem, today=clock.today(page.organisation.time_zone),
    )  # fmt: skip
    return make_response(body, status)


def _shown(page: PayPage) -> str:
    """What the customer agrees to by tapping Pay."""
    return f"{page.balance.balance_minor}.{page.balance.currency}.{page.invoice.revision}"


def _send_to_stripe(token: str, page: PayPage) -> Response:
    try:
        started = start_attempt(page.organisation.id, page.invoice.id)
    except NothingToPay:
        return _see(token)
    except TooManySessions as problem:
        return _come_later(token, page, problem.wait)
    except CannotPay as problem:
        return _render(token, _page_of(token), problem=problem.sentence, status=409)
    except GatewayError:
        return _render(token, _page_of(token), problem=_NO_ANSWER, status=503)
    if not _is_checkout(started):
        log.error("payment page at an address that STRIPE_CHECKOUT_HOSTS does not name")
        return _render(token, page, problem=_NO_ANSWER, status=503)
    response: Response = redirect(started.url, code=303)  # type: ignore[assignment]
    remember_payer(response, started.public_id, page.link.id)
    return response


def _is_checkout(started: Started) -> bool:
    address = urlsplit(started.url)
    return f"{address.scheme}://{address.netloc}" in settings().checkout_origins


def _look(organisation_id: int, attempt_id: int) -> bool:
    """Ask Stripe about this attempt and book it. False when Stripe did not answer."""
    if limits.is_beyond(limits.RETURNS, attempt_id):
        return True
    try:
        look_at_attempt(organisation_id, attempt_id, retries=0)
    except GatewayError:
        return False
    return True


def _come_later(token: str, page: PayPage, wait: timedelta) -> Response:
    minutes = math.ceil(wait / timedelta(minutes=1))
    body = render_template("pay_page/later.html", organisation=page.organisation, token=token, minutes=minutes)
    return make_response(body, 429, {"Retry-After": str(math.ceil(wait.total_seconds()))})


def _see(token: str) -> Response:
    response: Response = redirect(url_for("pay_page.show", token=token), code=303)  # type: ignore[assignment]
    return response
