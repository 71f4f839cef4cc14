"""Links that lead no further: a new one by mail, or on to the invoice that took this one's place."""

from flask import Response, abort

from portal.pay_page import limits
from portal.pay_page.proofs import is_from_our_page
from portal.pay_page.renewals import find_link, limited_by, renew, token_of_newer
from portal.pay_page.views.pages import answer, asked_language, bp, come_later, note_person, page_of, see
from portal.shared.access import everyone
from portal.shared.csrf import exempt
from portal.shared.web import client_address, request_session


@bp.post("/p/<token>")
@everyone
@exempt
def create_renewal(token: str) -> Response:
    """The same answer to everybody, whatever this token was; the mail goes to the address on file or nowhere."""
    if not is_from_our_page():
        abort(403)
    if limits.is_beyond(limits.RENEWALS, client_address()):
        return come_later(token, None, limits.RENEWALS.window)
    session = request_session()
    link = find_link(session, token)
    if link is not None and not limits.is_beyond(limits.RENEWALS_OF_INVOICE, limited_by(link)):
        renew(session, link)
        session.commit()
    return answer("renewed")


@bp.post("/p/<token>/newer")
@everyone
@exempt
def create_newer(token: str) -> Response:
    """From a void invoice on to the one that replaced it."""
    if not is_from_our_page():
        abort(403)
    page = page_of(token)
    note_person(page.link)
    newer = token_of_newer(request_session(), page.invoice) if page.state == "replaced" else None
    request_session().commit()
    return see(newer or token, asked_language())
