"""Removing the saved card, and ending autopay. The link is enough for that: payments.cards.rules says why."""

from flask import Response, abort, redirect, url_for

from portal.pay_page.proofs import is_from_our_page
from portal.pay_page.views.pages import asked_language, bp, note_person, page_of
from portal.payments.actions import end_autopay, remove_card
from portal.shared.access import everyone
from portal.shared.csrf import exempt
from portal.shared.web import request_session

# What a page may say was just done, when its address asks for it: words of ours, and nothing else.
DONE = ("card_removed", "autopay_ended")


@bp.post("/p/<token>/card/removal")
@everyone
@exempt
def create_card_removal(token: str) -> Response:
    """Safe to repeat."""
    if not is_from_our_page():
        abort(403)
    page = page_of(token)
    note_person(page.link)
    remove_card(request_session(), page.invoice.customer_id, by="customer")
    request_session().commit()
    return _back(token, "card_removed")


@bp.post("/p/<token>/autopay/end")
@everyone
@exempt
def create_autopay_end(token: str) -> Response:
    """Safe to repeat."""
    if not is_from_our_page():
        abort(403)
    page = page_of(token)
    note_person(page.link)
    end_autopay(request_session(), page.invoice.customer_id, by="customer")
    request_session().commit()
    return _back(token, "autopay_ended")


def _back(token: str, done: str) -> Response:
    address = url_for("pay_page.show", token=token, lang=asked_language(), done=done, _anchor="card")
    response: Response = redirect(address, code=303)  # type: ignore[assignment]
    return response
