"""A link to a deposit that is asked for before the work: see it, pay it, its receipt."""

from flask import Response, abort, request, url_for

from portal.gateways.errors import GatewayError
from portal.invoices.documents.pdf import as_response
from portal.pay_page import limits
from portal.pay_page.actions import note_opening
from portal.pay_page.deposits import DepositPage, open_deposit_link
from portal.pay_page.proofs import form_proof, is_from_our_page, is_proven, is_tapped_here
from portal.pay_page.queries import UnknownLink
from portal.pay_page.renewals import find_link, limited_by, renew
from portal.pay_page.views.pages import (
    OVER,
    answer,
    asked_language,
    bp,
    come_later,
    count_miss,
    note_person,
    note_tap,
    see_deposit,
    speak,
)
from portal.pay_page.views.papers import paper_page
from portal.pay_page.views.paying import to_checkout
from portal.payments.actions import start_deposit
from portal.payments.models import Payment
from portal.payments.papers import receipt_paper, receipt_shown
from portal.payments.rules import AmountChanged, CannotPay, NothingToPay, TooManyDeclines, TooManySessions
from portal.shared.access import everyone
from portal.shared.csrf import exempt
from portal.shared.web import client_address, request_session


@bp.get("/d/<deposit_token>")
@everyone
def show_deposit(deposit_token: str) -> Response:
    page = _page_of(deposit_token, to_look=True)
    is_over = request.args.get("done") == OVER and page.is_payable
    response = _page(deposit_token, page, problem=OVER if is_over else "")
    request_session().commit()
    return response


@bp.get("/d/<deposit_token>/receipts/<int:payment_id>")
@everyone
def show_deposit_receipt(deposit_token: str, payment_id: int) -> Response:
    page = _page_of(deposit_token)
    language = speak(page.organisation, page.language)
    paper = receipt_shown(request_session(), page.organisation, _payment_on(page, payment_id), language.code)
    back, own = url_for("pay_page.show_deposit", deposit_token=deposit_token), {"payment_id": payment_id}
    return paper_page(page, paper, "show_deposit_receipt", back, "deposit", deposit_token=deposit_token, **own)


@bp.get("/d/<deposit_token>/receipts/<int:payment_id>.pdf")
@everyone
def show_deposit_receipt_pdf(deposit_token: str, payment_id: int) -> Response:
    page = _page_of(deposit_token)
    payment = _payment_on(page, payment_id)
    return as_response(receipt_paper(request_session(), page.organisation, payment), payment.number)


@bp.post("/d/<deposit_token>/opening")
@everyone
@exempt
def create_deposit_opening(deposit_token: str) -> tuple[str, int]:
    page = _page_of(deposit_token)
    if not is_from_our_page():
        abort(403)
    note_opening(request_session(), page.link)
    request_session().commit()
    return "", 204


@bp.post("/d/<deposit_token>/attempts")
@everyone
@exempt
def create_deposit_attempt(deposit_token: str) -> Response:
    """Pay what is left of it: the amount comes from our own rows, the form only says which was seen."""
    page = _page_of(deposit_token)
    shown = request.form.get("shown", "")
    if not is_from_our_page() or not is_proven(deposit_token, shown, request.form.get("proof", "")):
        return _page(deposit_token, page, problem="out_of_date", status=403)
    note_person(page.link)
    if not page.is_payable:
        return see_deposit(deposit_token, asked_language())
    if shown != page.shown:
        return _page(deposit_token, page, problem="changed", status=409)
    if limits.is_beyond(limits.TAPS, page.link.id):
        return come_later(deposit_token, page, limits.TAPS.window)
    return _send_to_stripe(deposit_token, page)


@bp.post("/d/<deposit_token>")
@everyone
@exempt
def create_deposit_renewal(deposit_token: str) -> Response:
    """The same answer to everybody; the message goes to the address on file or nowhere."""
    if not is_from_our_page():
        abort(403)
    if limits.is_beyond(limits.RENEWALS, client_address()):
        return come_later(deposit_token, None, limits.RENEWALS.window)
    session = request_session()
    link = find_link(session, deposit_token)
    if link is not None and not limits.is_beyond(limits.RENEWALS_OF_INVOICE, limited_by(link)):
        renew(session, link)
        session.commit()
    return answer("renewed")


def _send_to_stripe(token: str, page: DepositPage) -> Response:
    try:
        started = start_deposit(page.organisation.id, page.request.id, page.left)
    except NothingToPay:
        return see_deposit(token, asked_language())
    except TooManySessions as problem:
        return come_later(token, page, problem.wait)
    except AmountChanged:
        return _page(token, _page_of(token), problem="changed", status=409)
    except TooManyDeclines:
        return _page(token, _page_of(token), problem="too_many_cards", status=409)
    except CannotPay:
        return _page(token, _page_of(token), problem="cannot_pay", status=409)
    except GatewayError:
        return _page(token, _page_of(token), problem="no_answer", status=503)
    return to_checkout(started, page.link.id) or _page(token, page, problem="no_answer", status=503)


def _payment_on(page: DepositPage, payment_id: int) -> Payment:
    """One that came for this deposit: any other is not there."""
    return next((each.payment for each in page.payments if each.payment.id == payment_id), None) or abort(404)


def _page_of(token: str, *, to_look: bool = False) -> DepositPage:
    try:
        page = open_deposit_link(request_session(), token, to_look=to_look and not is_tapped_here())
    except UnknownLink:
        count_miss()
        raise
    note_tap(page.link)
    return page


def _page(token: str, page: DepositPage, *, problem: str = "", status: int = 200) -> Response:
    return answer(
        "deposit", page.organisation, page.language, status=status,
        address=url_for("pay_page.show_deposit", deposit_token=token), page=page, token=token, shown=page.shown,
        proof=form_proof(token, page.shown), problem=problem,
    )  # fmt: skip
