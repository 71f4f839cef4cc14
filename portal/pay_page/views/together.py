"""A link to several invoices: see them, pay them in one go."""

from flask import Response, abort, request, url_for

from portal.gateways.errors import GatewayError
from portal.invoices.documents.papers import invoice_paper
from portal.invoices.documents.pdf import as_response
from portal.invoices.queries import get_invoice
from portal.pay_page import limits
from portal.pay_page.actions import note_opening
from portal.pay_page.cards import wish_of
from portal.pay_page.proofs import form_proof, is_from_our_page, is_proven, is_tapped_here
from portal.pay_page.queries import UnknownLink
from portal.pay_page.renewals import find_link, limited_by, renew
from portal.pay_page.together import JointPage, open_joint_link
from portal.pay_page.views.cards import DONE
from portal.pay_page.views.pages import (
    OVER,
    answer,
    asked_language,
    bp,
    come_later,
    count_miss,
    note_person,
    note_tap,
    see_together,
    speak,
)
from portal.pay_page.views.papers import paper_page
from portal.pay_page.views.paying import to_checkout
from portal.payments.actions import CannotKeepCard, CardWish, end_autopay, remove_card, start_together
from portal.payments.models import Payment
from portal.payments.papers import receipt_for, receipt_shown
from portal.payments.rules import AmountChanged, CannotPay, NothingToPay, TooManyDeclines, TooManySessions
from portal.shared.access import everyone
from portal.shared.csrf import exempt
from portal.shared.web import client_address, request_session


@bp.get("/t/<joint_token>")
@everyone
def show_together(joint_token: str) -> Response:
    done = request.args.get("done", "")
    page = _page_of(joint_token, to_look=True)
    over = OVER if done == OVER and page.payable else ""
    response = _page(joint_token, page, problem=over, done=done if done in DONE else "")
    request_session().commit()
    return response


@bp.get("/t/<joint_token>/invoices/<int:invoice_id>.pdf")
@everyone
def show_joint_pdf(joint_token: str, invoice_id: int) -> Response:
    """Of an invoice behind this link: any other is not there."""
    page = _page_of(joint_token)
    if all(row.invoice.id != invoice_id for row in page.rows):
        abort(404)
    invoice = get_invoice(request_session(), invoice_id)
    return as_response(invoice_paper(request_session(), page.organisation, invoice), str(invoice.number))


@bp.get("/t/<joint_token>/receipts/<int:payment_id>")
@everyone
def show_joint_receipt(joint_token: str, payment_id: int) -> Response:
    page = _page_of(joint_token)
    language, payment = speak(page.organisation, page.language), _payment_on(page, payment_id)
    paper = receipt_shown(request_session(), page.organisation, payment, language.code, page.invoice_ids)
    back, own = url_for("pay_page.show_together", joint_token=joint_token), {"payment_id": payment_id}
    return paper_page(page, paper, "show_joint_receipt", back, "joint", joint_token=joint_token, **own)


@bp.get("/t/<joint_token>/receipts/<int:payment_id>.pdf")
@everyone
def show_joint_receipt_pdf(joint_token: str, payment_id: int) -> Response:
    page = _page_of(joint_token)
    payment = _payment_on(page, payment_id)
    return as_response(receipt_for(request_session(), page.organisation, payment, page.invoice_ids), payment.number)


@bp.post("/t/<joint_token>/opening")
@everyone
@exempt
def create_joint_opening(joint_token: str) -> tuple[str, int]:
    page = _page_of(joint_token)
    if not is_from_our_page():
        abort(403)
    note_opening(request_session(), page.link, page.invoice_ids)
    request_session().commit()
    return "", 204


@bp.post("/t/<joint_token>/attempts")
@everyone
@exempt
def create_joint_attempt(joint_token: str) -> Response:
    """Pay all that can be paid: amounts come from our own rows, the form only says which of them were seen."""
    page = _page_of(joint_token)
    shown = request.form.get("shown", "")
    if not is_from_our_page() or not is_proven(joint_token, shown, request.form.get("proof", "")):
        return _page(joint_token, page, problem="out_of_date", status=403)
    note_person(page.link, page.invoice_ids)
    if not page.payable:
        return see_together(joint_token, asked_language())
    if shown != page.shown:
        return _page(joint_token, page, problem="changed", status=409)
    if limits.is_beyond(limits.TAPS, page.link.id):
        return come_later(joint_token, page, limits.TAPS.window)
    return _send_to_stripe(joint_token, page)


@bp.post("/t/<joint_token>/card/removal")
@everyone
@exempt
def create_joint_card_removal(joint_token: str) -> Response:
    """Safe to repeat."""
    page = _proven_page(joint_token)
    remove_card(request_session(), page.customer.id, by="customer")
    request_session().commit()
    return see_together(joint_token, asked_language(), done="card_removed")


@bp.post("/t/<joint_token>/autopay/end")
@everyone
@exempt
def create_joint_autopay_end(joint_token: str) -> Response:
    """Safe to repeat."""
    page = _proven_page(joint_token)
    end_autopay(request_session(), page.customer.id, by="customer")
    request_session().commit()
    return see_together(joint_token, asked_language(), done="autopay_ended")


@bp.post("/t/<joint_token>")
@everyone
@exempt
def create_joint_renewal(joint_token: str) -> Response:
    """The same answer to everybody; the mail goes to the address on file or nowhere."""
    if not is_from_our_page():
        abort(403)
    if limits.is_beyond(limits.RENEWALS, client_address()):
        return come_later(joint_token, None, limits.RENEWALS.window)
    session = request_session()
    link = find_link(session, joint_token)
    if link is not None and link.is_joint and not limits.is_beyond(limits.RENEWALS_OF_INVOICE, limited_by(link)):
        renew(session, link)
        session.commit()
    return answer("renewed")


def _payment_on(page: JointPage, payment_id: int) -> Payment:
    """One that paid these invoices; of what it paid else, nothing is shown."""
    return next((each.payment for each in page.payments if each.payment.id == payment_id), None) or abort(404)


def _page_of(token: str, *, to_look: bool = False) -> JointPage:
    try:
        page = open_joint_link(request_session(), token, to_look=to_look and not is_tapped_here())
    except UnknownLink:
        count_miss()
        raise
    note_tap(page.link, page.invoice_ids)
    return page


def _proven_page(token: str) -> JointPage:
    """For a form of ours."""
    if not is_from_our_page():
        abort(403)
    page = _page_of(token)
    note_person(page.link, page.invoice_ids)
    return page


def _send_to_stripe(joint_token: str, page: JointPage) -> Response:
    try:
        started = start_together(page.organisation.id, page.agreed, _card_wish(page))
    except TooManySessions as problem:
        return come_later(joint_token, page, problem.wait)
    except (AmountChanged, NothingToPay):
        return _page(joint_token, _page_of(joint_token), problem="changed", status=409)
    except TooManyDeclines:
        return _page(joint_token, _page_of(joint_token), problem="too_many_cards", status=409)
    except CannotKeepCard:
        return _page(joint_token, _page_of(joint_token), problem="card_not_saved", status=409)
    except CannotPay:
        return _page(joint_token, _page_of(joint_token), problem="cannot_pay", status=409)
    except GatewayError:
        return _page(joint_token, _page_of(joint_token), problem="no_answer", status=503)
    return to_checkout(started, page.link.id) or _page(joint_token, page, problem="no_answer", status=503)


def _card_wish(page: JointPage) -> CardWish | None:
    return wish_of(request.form, page.organisation, speak(page.organisation, page.language), page.link.id)


def _page(token: str, page: JointPage, *, problem: str = "", status: int = 200, done: str = "") -> Response:
    return answer(
        "together", page.organisation, page.language, status=status,
        address=url_for("pay_page.show_together", joint_token=token), page=page, token=token, shown=page.shown,
        proof=form_proof(token, page.shown), problem=problem, done=done,
    )  # fmt: skip
