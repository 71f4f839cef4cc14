"""The first import: a dry run, the decisions, and only then what is taken over."""

from typing import Any

from flask import Response, flash, make_response, render_template, request, url_for

from portal.accounting import directions, link
from portal.accounting.models import Link
from portal.accounting.setup import deciding, import_queries, importing, pairs, steps, taking
from portal.accounting.views.pages import bp
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.text import id_from
from portal.shared.web import request_session

DECISIONS = (taking.SAME, taking.OWN, taking.SKIP)
_ALL_NEW = "leave-new"
_UNKNOWN = "Choose one of the buttons on this page. Nothing was changed."
_NOT_FOUND_YET = "Decide the {count} unsure first: each is shown with what you have here."
_LISTS = {"new": pairs.fresh, "matched": pairs.equal, "taken": pairs.taken}  # shown when asked for
_LEFT = "{count} cannot be answered with all the others: each says why. Decide them one by one."


@bp.get("/books/setup/match")
@allow("manage_link")
def show_match() -> Response:
    tied = link.live_link(request_session())
    if tied is None:
        return see_other(url_for("accounting.show"))
    return _page(tied) if tied.importing != importing.REHEARSE else see_other(url_for("accounting.show_setup"))


@bp.post("/books/setup/match")
@allow("manage_link")
def update_match() -> Response:
    """One press of the page: have the workers read, read anew, take over or rest; or decide."""
    session = request_session()
    tied = link.hold(session)
    if tied is None:
        return see_other(url_for("accounting.show"))
    if tied.importing == importing.REHEARSE:
        return see_other(url_for("accounting.show_setup"))  # of a new organisation: there is nothing to match
    wanted = request.form.get("do", "")
    if wanted in ("read", "again"):
        _read(tied, anew=wanted == "again")
    elif wanted in ("decide", "part"):
        if problem := _decide(tied) if wanted == "decide" else _part(tied):
            return _page(tied, problem, 422)
    elif wanted == "take":
        return _take(tied)
    elif wanted == "pause":
        importing.go(session, tied, importing.REST)
        session.commit()
    else:
        return _page(tied, _UNKNOWN, 422)
    return see_other(url_for("accounting.show_match"))


def _read(tied: Link, *, anew: bool) -> None:
    session = request_session()
    if anew:
        importing.read_anew(session, tied)
    else:
        importing.go(session, tied, importing.READ)
    session.commit()


def _decide(tied: Link) -> str:
    """Every pair that was answered, or all that are still open in one way; "" or what is wrong with the answers."""
    session = request_session()
    every, answers = request.form.get("all", ""), _answers()
    if (every and every not in (*DECISIONS, _ALL_NEW)) or answers is None:
        return _UNKNOWN
    if not every and not answers:
        return "Choose an answer for at least one pair, then keep the decisions."
    if every == _ALL_NEW:
        deciding.leave_all_new(session, tied)
    elif every and (left := deciding.decide_all(session, tied, every)):
        flash(_LEFT.format(count=left), "late")
    deciding.choose(session, tied, {row_id: ours for row_id, (_, ours) in answers.items() if ours})
    told = deciding.decide(session, tied, {row_id: decision for row_id, (decision, _) in answers.items()})
    importing.forget_refused(session, tied)
    directions.wake(session, tied)  # whoever waited to hear who it is
    session.commit()  # of several answers, those that hold
    return " ".join(told)


def _part(tied: Link) -> str:
    """ "" or why the two stay one."""
    session = request_session()
    try:
        deciding.part(session, tied, id_from(request.form.get("row", "")) or 0)
    except RuleBroken as problem:
        session.rollback()
        return problem.sentence
    session.commit()
    return ""


def _answers() -> dict[int, tuple[str, int]] | None:
    """Row → decision, and which of ours it is, 0 for the one that was shown; None where something was sent that the
    page does not ask."""
    answers: dict[int, tuple[str, int]] = {}
    for name, value in request.form.items():
        if not name.startswith("pair_"):
            continue
        row_id, (decision, _, which) = id_from(name.removeprefix("pair_")), value.partition(":")
        ours = id_from(which) if which else 0
        if row_id is None or ours is None or decision not in DECISIONS or (ours and decision != taking.SAME):
            return None
        answers[row_id] = decision, ours
    return answers


def _take(tied: Link) -> Response:
    session = request_session()
    if (progress := import_queries.progress(session, tied)) is None or not progress.is_done:
        return _page(tied, "Look at what is in Zoho first.", 422)
    undecided = import_queries.overview(session, tied).undecided
    if undecided:
        return _page(tied, _NOT_FOUND_YET.format(count=undecided), 422)
    taking.accept(session, tied.id)
    importing.go(session, tied, importing.TAKE)
    session.commit()
    return see_other(url_for("accounting.show_match"))


def _page(tied: Link, problem: str = "", status: int = 200) -> Response:
    session = request_session()
    session.refresh(tied)
    progress, is_done = import_queries.progress(session, tied), steps.MATCH in tied.setup_steps
    may_decide = progress is not None and progress.is_done and not tied.importing
    answers: list[dict[str, Any]] = [
        {"value": taking.SAME, "label": "The same"},
        {"value": taking.OWN, "label": "Two different ones", "note": "theirs is taken over here as one more"},
        {
            "value": taking.SKIP,
            "label": "Leave theirs in Zoho",
            "note": "nothing is taken over; you can say otherwise later",
        },
    ]
    page = render_template(
        "accounting/match.html", tied=tied, found=import_queries.overview(session, tied), progress=progress,
        answers=answers, problem=problem, is_done=is_done, in_setup=steps.is_open(tied),
        lists=_lists(tied) if may_decide else [],
    )  # fmt: skip
    return make_response(page, status)


def _lists(tied: Link) -> list[dict[str, Any]]:
    """The pairs in three lists, each with the form of its answers; the empty ones left out."""
    session, asked = request_session(), request.args.get("show", "")
    after = {name: id_from(request.args.get(name, "")) or 0 for name in ("differing", "decided", asked)}
    lists = {
        "unsure": pairs.undecided(session, tied),
        "differing": pairs.differing(session, tied, after["differing"]),
        "decided": pairs.decided(session, tied, after["decided"]),
    }
    if asked in _LISTS:
        lists[asked] = _LISTS[asked](session, tied, after[asked])
    return [
        {
            "name": name, "page": page,
            "form": Form({f"pair_{pair.id}": _shown_as(name, pair) for pair in page.pairs}),
        }
        for name, page in lists.items() if page.count
    ]  # fmt: skip


def _shown_as(name: str, pair: pairs.Pair) -> str:
    if pair.several and pair.decision == taking.SAME:
        return f"{taking.SAME}:{pair.ours_id}"
    return pair.decision or {"differing": taking.SAME, "matched": taking.SAME, "new": taking.OWN}.get(name, "")
