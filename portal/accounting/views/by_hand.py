"""What a person has entered by hand in an organisation that was left, or has not after all."""

from flask import Response, flash, g, request, url_for

from portal.accounting.by_hand import actions
from portal.accounting.views.pages import bp
from portal.shared.access import allow
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session


@bp.post("/books/by-hand/<int:entry_id>/entered")
@allow("see_board", "manage_link")
def mark_entered(entry_id: int) -> Response:
    session = request_session()
    if actions.mark_entered(session, entry_id, g.viewer.name):
        session.commit()
        flash("Noted: it is entered.", "good")
    return see_other(url_for("accounting.inbox"))


@bp.post("/books/by-hand/<int:entry_id>/not-entered")
@allow("see_board", "manage_link")
def mark_open(entry_id: int) -> Response:
    session = request_session()
    if actions.mark_open(session, entry_id):
        session.commit()
        flash("Noted: it is not entered.", "quiet")
    return see_other(url_for("accounting.inbox"))


@bp.post("/books/links/<int:link_id>/by-hand/entered")
@allow("see_board", "manage_link")
def mark_all_entered(link_id: int) -> Response:
    """Those only that the page had shown."""
    session, form = request_session(), Form(request.form)
    count = actions.mark_all_entered(session, link_id, form.record("up_to", "the last one shown") or 0, g.viewer.name)
    session.commit()
    if count:
        flash("Noted: 1 is entered." if count == 1 else f"Noted: {count} are entered.", "good")
    return see_other(url_for("accounting.inbox"))
