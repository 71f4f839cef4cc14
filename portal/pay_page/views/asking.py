"""The question box."""

from flask import Response, abort, redirect, request, url_for

from portal.invoices.questions import actions
from portal.invoices.questions.models import LONGEST
from portal.pay_page import limits
from portal.pay_page.proofs import is_from_our_page
from portal.pay_page.queries import PayPage
from portal.pay_page.views.pages import asked_language, bp, note_person, page_of, show_page, speak
from portal.shared.access import everyone
from portal.shared.csrf import exempt
from portal.shared.forms import Form
from portal.shared.text import clean
from portal.shared.web import request_session


@bp.post("/p/<token>/questions")
@everyone
@exempt
def create_question(token: str) -> Response:
    """To the firm's inbox and to the timelines of the invoice and its jobs."""
    if not is_from_our_page():
        abort(403)
    page = page_of(token)
    note_person(page.link)
    words = clean(request.form.get("question", ""), lines=True)
    if not words:
        return _refused(token, page, words, "question_empty", 422)
    if len(words) > LONGEST:
        return _refused(token, page, words, "question_too_long", 422)
    if limits.is_beyond(limits.QUESTIONS, page.invoice.id):
        return _refused(token, page, words, "question_too_many", 429)
    actions.ask(request_session(), page.organisation, page.invoice, words)
    request_session().commit()
    address = url_for("pay_page.show", token=token, lang=asked_language(), _anchor="question")
    response: Response = redirect(address, code=303)  # type: ignore[assignment]
    return response


def _refused(token: str, page: PayPage, words: str, key: str, status: int) -> Response:
    language = speak(page.organisation, page.language)
    form = Form(question=words[: 2 * LONGEST])
    form.errors["question"] = language.say(key, most=LONGEST, firm=page.organisation.name)
    return show_page(token, page, question_form=form, status=status)
