"""What has not reached the books, and why."""

from collections.abc import Callable
from itertools import groupby

from flask import Response, abort, flash, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from portal.accounting import actions, queries, rules
from portal.accounting.by_hand import queries as by_hand
from portal.accounting.inbox import Stuck, stuck_record, stuck_records
from portal.accounting.mirror.history import steps_of
from portal.accounting.reconciliation.queries import summary_of
from portal.accounting.setup import steps
from portal.accounting.views.pages import bp
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session


@bp.get("/books/inbox")
@allow("see_board", "manage_link")
def inbox() -> str:
    session = request_session()
    tied = queries.tied_now(session)
    stuck, state = stuck_records(session, tied) if tied else [], queries.link_state(session, tied)
    under_way = queries.under_way(session, tied.link.id) if tied else []
    listed = [record for record in stuck if record.state != rules.LEFT_OUT_STATE]
    groups = [(cause, list(records)) for cause, records in groupby(listed, key=lambda record: record.cause)]
    return render_template(
        "accounting/inbox.html", groups=groups, state=state, most=queries.MOST_SHOWN,
        under_way=under_way, count=len(stuck), left_out=stuck[len(listed) :],
        addresses={record.id: _address(record) for record in stuck},
        in_setup=tied is not None and steps.is_open(tied.link),
        reconciled=summary_of(session, tied.link if tied else None),
        to_decide=state.to_decide, places=by_hand.places(session),
    )  # fmt: skip


@bp.get("/books/records/<int:record_id>")
@allow("see_board", "manage_link")
def show_record(record_id: int) -> Response:
    return _record_page(record_id, Form())


@bp.post("/books/records/<int:record_id>/leaving-out")
@allow("manage_link")
def leave_out(record_id: int) -> Response:
    words = "It is left out of the books, until you take it back."
    return _with_reason(actions.leave_out, record_id, "reason", "why it is left out", words)


@bp.post("/books/records/<int:record_id>/acceptance")
@allow("manage_link")
def accept_record(record_id: int) -> Response:
    words = "The difference stands. It is put to its invoice in Zoho now."
    return _with_reason(actions.accept_difference, record_id, "why", "why this difference may stand", words)


@bp.post("/books/records/<int:record_id>/taking-back")
@allow("manage_link")
def take_back(record_id: int) -> Response:
    session = request_session()
    actions.take_back(session, record_id)
    session.commit()
    flash("It goes to the books after all.", "good")
    return see_other(url_for("accounting.show_record", record_id=record_id))


@bp.post("/books/records/<int:record_id>/dating")
@allow("see_board", "manage_link")
def date_today(record_id: int) -> Response:
    """Pressed twice, the second time finds it on its way."""
    return _send(actions.date_today, record_id)


@bp.post("/books/records/<int:record_id>/numbering")
@allow("see_board", "manage_link")
def send_beside(record_id: int) -> Response:
    """Pressed twice, the second time finds it on its way."""
    return _send(actions.send_beside, record_id)


def _with_reason(
    verb: Callable[[Session, int, str], None], record_id: int, name: str, asked: str, words: str
) -> Response:  # fmt: skip
    """verb  raises RuleBroken; name, asked: of the field, and what it is to say; words: what was done"""
    session, form = request_session(), Form(request.form)
    reason = form.text(name, asked)
    try:
        if form.ok:
            verb(session, record_id, reason)
            session.commit()
            flash(words, "good")
            return see_other(url_for("accounting.show_record", record_id=record_id))
    except RuleBroken as problem:
        session.rollback()
        form.refuse(problem)
    return _record_page(record_id, form, 422)


def _send(verb: Callable[[Session, int], str], record_id: int) -> Response:
    """verb  what was done, in words; raises RuleBroken"""
    session = request_session()
    try:
        words = verb(session, record_id)
        session.commit()
        flash(words, "good")
    except RuleBroken as problem:
        session.rollback()
        flash(problem.sentence, "late")
    return see_other(url_for("accounting.inbox"))


@bp.post("/books/inbox/<int:record_id>/retry")
@allow("see_board", "manage_link")
def retry(record_id: int) -> Response:
    session = request_session()
    if actions.try_again(session, record_id):
        session.commit()
        flash("It is tried again now.", "good")
    return see_other(url_for("accounting.inbox"))


@bp.post("/books/inbox/retry")
@allow("see_board", "manage_link")
def retry_all() -> Response:
    session = request_session()
    count = actions.try_all_again(session)
    session.commit()
    if count:
        flash("1 record is tried again now." if count == 1 else f"{count} records are tried again now.", "good")
    return see_other(url_for("accounting.inbox"))


def _record_page(record_id: int, form: Form, status: int = 200) -> Response:
    session = request_session()
    found = stuck_record(session, record_id)
    if found is None:
        abort(404)
    record, told = found
    page = render_template(
        "accounting/record.html", record=record, told=told, form=form, address=_address(told),
        steps=steps_of(session, record_id),
    )  # fmt: skip
    return make_response(page, status)


def _address(record: Stuck) -> str:
    """Where a person corrects this record; taxes and payments have no page of their own."""
    if record.module == "invoice" and record.state == "mismatch":
        return url_for("accounting.show_difference", invoice_id=record.local_id)
    if record.module == "invoice":
        return url_for("invoices.show", invoice_id=record.local_id)
    if record.module == "customer":
        return url_for("customers.show", customer_id=record.local_id)
    if record.module == "item":
        return url_for("catalogue.edit", item_id=record.local_id)
    if record.module == "credit_note":
        return url_for("invoices.show_credit_note", credit_note_id=record.local_id)
    return url_for("payments.index") if record.module == "payment" else ""
