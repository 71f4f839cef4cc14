"""The inbox of customers' questions."""

from flask import Response, flash, g, make_response, render_template, request, url_for

from portal.invoices.questions import actions, queries
from portal.invoices.views.pages import bp
from portal.shared.access import allow
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session


@bp.get("/questions")
@allow("raise_invoices", "see_board")
def questions() -> Response:
    return _page(Form())


@bp.post("/questions/<int:question_id>/answer")
@allow("raise_invoices", "see_board")
def create_answer(question_id: int) -> Response:
    """With words, which are mailed, or without, when the customer has heard already."""
    session = request_session()
    asked = queries.get_question(session, g.viewer, question_id)
    if asked.question.answered_at is not None:
        flash("Somebody has answered this already.", "quiet")
        return see_other(url_for("invoices.questions"))
    form = Form(request.form)
    words = form.text("answer", "an answer", longest=2000, required=False, lines=True)
    if not form.ok:
        return _page(form, 422, question_id)
    actions.answer(session, g.organisation, asked, words, by=g.viewer.id)
    session.commit()
    mailed = bool(words and asked.customer.email)
    flash("Your answer is on its way." if mailed else "Noted as answered. Reminders go on.", "good")
    return see_other(url_for("invoices.questions"))


def _page(form: Form, status: int = 200, question_id: int | None = None) -> Response:
    waiting = queries.waiting_questions(request_session(), g.viewer)
    page = render_template("invoices/questions.html", waiting=waiting, form=form, answered=question_id, blank=Form())
    return make_response(page, status)
