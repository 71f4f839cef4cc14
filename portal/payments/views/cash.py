"""The cash purse: what each technician holds, handing it in, counting it."""

import uuid
from collections.abc import Callable

from flask import Response, g, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from portal.payments.cash import actions, queries
from portal.payments.cash.models import HandIn
from portal.payments.forms import read_amount, read_count
from portal.payments.views.pages import bp
from portal.shared.access import allow, refuse_unless
from portal.shared.errors import NotFound, RuleBroken
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session


@bp.get("/cash")
@allow("take_cash", "see_board")
def purses() -> Response:
    """Managers see everybody's; the others are led to their own."""
    if not g.viewer.may("see_board"):
        return see_other(url_for("payments.purse", holder_id=g.viewer.id))
    found = queries.purses(request_session(), g.organisation.currency)
    return make_response(render_template("cash/index.html", purses=found))


@bp.get("/cash/<int:holder_id>")
@allow("take_cash", "see_board")
def purse(holder_id: int) -> str:
    refuse_unless(holder_id == g.viewer.id or g.viewer.may("see_board"))
    return _purse_page(holder_id, Form(form_id=uuid.uuid4().hex))


@bp.post("/cash/hand-ins")
@allow("take_cash")
def create_hand_in() -> Response:
    """Of the viewer's own purse: nobody declares for another."""
    session, form = request_session(), Form(request.form)
    amount = read_amount(form, "amount", "the amount", g.organisation.currency)
    note = form.text("note", "a note", longest=200, required=False)
    form_id = form.text("form_id", "the form's id", longest=40)
    if form.ok and amount is not None:
        try:
            actions.declare_hand_in(session, g.viewer.id, amount, note, form_id=form_id)
        except RuleBroken as problem:
            session.rollback()
            form.refuse(problem)
    if not form.ok:
        return make_response(_purse_page(g.viewer.id, form), 422)
    session.commit()
    return see_other(url_for("payments.purse", holder_id=g.viewer.id))


@bp.post("/cash/hand-ins/<int:hand_in_id>/count")
@allow("see_board")
def create_count(hand_in_id: int) -> Response:
    """The second confirmation."""
    form = Form(request.form)
    counted = read_count(form, "counted", "what you counted", g.organisation.currency)
    note, again = form.text("note", "a note", longest=200, required=False), bool(form.values.get("again"))
    return _settle(
        hand_in_id, form, counting=hand_in_id,
        do=lambda session: actions.count_hand_in(session, hand_in_id, counted, note, by=g.viewer.id, again=again),
    )  # fmt: skip


@bp.post("/cash/hand-ins/<int:hand_in_id>/count/reversal")
@allow("see_board")
def create_count_reversal(hand_in_id: int) -> Response:
    form = Form(request.form)
    reason = form.text("reason", "a reason", longest=200)
    return _settle(
        hand_in_id, form, reversing=hand_in_id,
        do=lambda session: actions.reverse_count(session, hand_in_id, reason, by=g.viewer.id),
    )  # fmt: skip


@bp.post("/cash/<int:holder_id>/repayments")
@allow("see_board")
def create_repayment(holder_id: int) -> Response:
    """What the holder gave back out of their own pocket is paid to them out of the till."""
    form = Form(request.form)
    owed = read_count(form, "owed", "what is owed", g.organisation.currency)
    return _try(
        holder_id, form, do=lambda session: actions.repay(session, holder_id, owed, by=g.viewer.id)
    )  # fmt: skip


def _settle(
    hand_in_id: int, form: Form, *, do: Callable[[Session], object], counting: int = 0, reversing: int = 0
) -> Response:  # fmt: skip
    hand_in = request_session().get(HandIn, hand_in_id)
    if hand_in is None:
        raise NotFound
    return _try(hand_in.person_id, form, do=do, counting=counting, reversing=reversing)


def _try(
    holder_id: int, form: Form, *, do: Callable[[Session], object], counting: int = 0, reversing: int = 0
) -> Response:  # fmt: skip
    """To the holder's purse when it is done; what is wrong is said there, beside the field."""
    session = request_session()
    if form.ok:
        try:
            do(session)
        except RuleBroken as problem:
            session.rollback()
            form.refuse(problem)
    if not form.ok:
        return make_response(_purse_page(holder_id, form, counting=counting, reversing=reversing), 422)
    session.commit()
    return see_other(url_for("payments.purse", holder_id=holder_id))


def _purse_page(holder_id: int, form: Form, *, counting: int = 0, reversing: int = 0) -> str:
    session = request_session()
    held = queries.purse_of(session, g.organisation.currency, holder_id)
    form.values.setdefault("form_id", uuid.uuid4().hex)
    return render_template(
        "cash/show.html", purse=held, hand_ins=queries.hand_ins_of(session, holder_id), form=form, counting=counting,
        repayments=queries.repayments_of(session, holder_id), is_own=holder_id == g.viewer.id, reversing=reversing,
    )  # fmt: skip
