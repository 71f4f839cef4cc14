"""Looking at the link's page, which changes nothing, and saying that somebody did."""

from flask import Response, abort, request

from portal.pay_page import papers
from portal.pay_page.actions import note_opening
from portal.pay_page.proofs import is_from_our_page
from portal.pay_page.views.cards import DONE
from portal.pay_page.views.pages import OVER, PAID, bp, page_of, show_page
from portal.shared.access import everyone
from portal.shared.csrf import exempt
from portal.shared.web import request_session


@bp.get("/p/<token>")
@everyone
def show(token: str) -> Response:
    done, page = request.args.get("done", ""), page_of(token, to_look=True)
    is_over = done == OVER and page.is_payable
    response = show_page(token, page, problem=OVER if is_over else "", done=done if done in (*DONE, PAID) else "")
    request_session().commit()  # of nothing: a rollback would throw the connection's prepared statements away
    return response


@bp.get("/p/<token>/invoice.pdf")
@everyone
def show_pdf(token: str) -> Response:
    page = page_of(token)
    return papers.invoice_response(request_session(), page)


@bp.get("/p/<token>/pictures/<int:picture_id>.jpg")
@everyone
def show_picture(token: str, picture_id: int) -> Response:
    page = page_of(token)
    return papers.photo_response(request_session(), page, picture_id, is_small=request.args.get("size") == "small")


@bp.post("/p/<token>/opening")
@everyone
@exempt
def create_opening(token: str) -> tuple[str, int]:
    """Sent by the page's script once it is really on a screen; fetching the page counts for nothing."""
    page = page_of(token)
    if not is_from_our_page():
        abort(403)
    note_opening(request_session(), page.link)
    request_session().commit()
    return "", 204
