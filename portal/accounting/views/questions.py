"""Where Zoho and we differ and only a person can say which counts: one tap each, or the same for all."""

from itertools import groupby

from flask import Response, flash, g, render_template, request, url_for

from portal.accounting import queries, tokens
from portal.accounting.pull import asking, decisions
from portal.accounting.pull.alone import alone
from portal.accounting.pull.models import FIELD, GONE, OTHER_NOTE, Question
from portal.accounting.views.pages import bp
from portal.gateways.errors import GatewayError
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.htmx import see_other
from portal.shared.text import id_from
from portal.shared.web import request_session


@bp.get("/books/questions")
@allow("see_board", "manage_link")
def questions() -> str:
    session = request_session()
    may_all, tied = g.viewer.may("manage_link"), queries.tied_now(session)
    found = asking.open_questions(session)
    not_here = asking.why_not_here(session, found)
    asked = [asking.shown(each, not_here, is_administrator=may_all) for each in found]
    groups = [(label, list(each)) for label, each in groupby(asked, key=lambda one: one.label)]
    together = [each.id for each in asked if each.kind == FIELD]
    return render_template(
        "accounting/questions.html", groups=groups, state=queries.link_state(session, tied), together=together,
        most=asking.MOST_SHOWN, count=len(asked),
        there={each.id: _in_zoho(tied, each) for each in found},
    )  # fmt: skip


@bp.post("/books/questions/<int:question_id>")
@allow("see_board", "manage_link")
def decide(question_id: int) -> Response:
    """Pressed twice, or by two people, the first one counts; who comes second is told so."""
    session, decision = request_session(), request.form.get("decision", "")
    question = session.get(Question, question_id)
    if not asking.may_decide(question, is_administrator=g.viewer.may("manage_link")):
        flash("An administrator decides about taxes. Ask one to look here.", "late")
        return see_other(url_for("accounting.questions"))
    try:
        with alone(session, question_id):
            decisions.prepare(session, question_id, decision)
            is_first = decisions.decide(session, question_id, decision, by=g.viewer.name, person_id=g.viewer.id)
            session.commit()
    except (RuleBroken, GatewayError) as problem:
        session.rollback()
        flash(problem.sentence if isinstance(problem, RuleBroken) else problem.words, "late")
        return see_other(url_for("accounting.questions"))
    if is_first:
        flash("Decided. It is carried out now.", "good")
    elif question is not None:
        is_same, words = asking.decided_already(session, question, decision)
        flash(words, "good" if is_same else "late")
    return see_other(url_for("accounting.questions"))


@bp.post("/books/questions")
@allow("see_board", "manage_link")
def decide_all() -> Response:
    session = request_session()
    try:
        count = decisions.decide_all(
            session, request.form.get("decision", ""), seen=_seen(), by=g.viewer.name, person_id=g.viewer.id
        )
    except RuleBroken as problem:
        session.rollback()
        flash(problem.sentence, "late")
        return see_other(url_for("accounting.questions"))
    session.commit()
    if count:
        flash("1 difference is decided." if count == 1 else f"{count} differences are decided.", "good")
    return see_other(url_for("accounting.questions"))


def _seen() -> set[int]:
    """The questions that stood on the page: what has come since is for another look."""
    return {number for each in request.form.get("seen", "").split(",") if (number := id_from(each)) is not None}


def _in_zoho(tied: queries.Tied | None, question: Question) -> str:
    """Where it can be looked at there; nothing for what is gone."""
    if tied is None or question.kind == GONE:
        return ""
    centre, link = tokens.centre_of(tied.consent), tied.link
    module = "credit_note" if question.field == OTHER_NOTE else question.module  # asked of the invoice that it is over
    return centre.record_url(link.product, link.remote_organisation_id, module, question.remote_id)
