"""The first import: a dry run, the decisions, and only then what is taken over."""

from typing import Any

from flask import Response, g, make_response, render_template, request, url_for
from sqlalchemy import update

from portal.accounting import link
from portal.accounting.models import ImportRow, Link
from portal.accounting.setup import import_queries, importing, reading, steps, taking
from portal.accounting.views.pages import bp
from portal.shared.access import allow
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.text import id_from
from portal.shared.web import request_session

DECISIONS = (taking.SAME, taking.OWN, taking.SKIP)
_NOT_FOUND_YET = "Decide the {count} unsure first: each is shown with what you have here."


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
    tied = link.live_link(session)
    if tied is None:
        return see_other(url_for("accounting.show"))
    if tied.importing == importing.REHEARSE:
        return see_other(url_for("accounting.show_setup"))  # of a new organisation: there is nothing to match
    wanted = request.form.get("do", "")
    if wanted in ("read", "again"):
        _read(tied, anew=wanted == "again")
    elif wanted == "decide":
        _decide(tied)
    elif wanted == "take":
        return _take(tied)
    elif wanted == "pause":
        importing.go(session, tied, importing.REST)
        session.commit()
    return see_other(url_for("accounting.show_match"))


def _read(tied: Link, *, anew: bool) -> None:
    session = request_session()
    if anew:
        taking.forget(session, tied.id)
        tied.setup_steps = {
            name: at for name, at in tied.setup_steps.items() if name not in (reading.READ, steps.MATCH)
        }
    importing.go(session, tied, importing.READ)
    session.commit()


def _decide(tied: Link) -> None:
    """Every pair that was answered, or all that are still open in one way."""
    session = request_session()
    every = request.form.get("all", "")
    is_open = (ImportRow.link_id == tied.id, ImportRow.done_at.is_(None))
    if every in DECISIONS:
        undecided = (ImportRow.found == "unsure", ImportRow.decision == "")
        session.execute(update(ImportRow).where(*is_open, *undecided).values(decision=every))
    for name, value in request.form.items():
        row_id = id_from(name.removeprefix("pair_"))
        if name.startswith("pair_") and row_id is not None and value in DECISIONS:
            session.execute(update(ImportRow).where(*is_open, ImportRow.id == row_id).values(decision=value))
    session.commit()


def _take(tied: Link) -> Response:
    session = request_session()
    if (progress := reading.progress_of(tied)) is None or not progress.is_done:
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
    found = import_queries.overview(session, tied)
    answers: list[dict[str, Any]] = [
        {"value": taking.SAME, "label": "The same"},
        {"value": taking.OWN, "label": "Two different ones", "note": "theirs is taken over as one more"},
        {"value": taking.SKIP, "label": "Leave theirs in Zoho", "note": "nothing is taken over"},
    ]
    page = render_template(
        "accounting/match.html", tied=tied, found=found, progress=reading.progress_of(tied), form=Form(),
        answers=answers, problem=problem, is_done=steps.MATCH in tied.setup_steps, currency=g.organisation.currency,
    )  # fmt: skip
    return make_response(page, status)
