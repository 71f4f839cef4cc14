"""When a firm reminds; and the reminders of one invoice: what went out, what comes next, and a pause."""

from flask import Blueprint, Response, flash, g, make_response, render_template, request, url_for

from portal.invoices import pauses
from portal.invoices.models import Invoice
from portal.invoices.queries import balance_of, get_invoice
from portal.invoices.sendings import target_of
from portal.reminders import actions, forms, queries, rules
from portal.shared import clock
from portal.shared.access import allow
from portal.shared.forms import Form
from portal.shared.htmx import see_other
from portal.shared.web import request_session

bp = Blueprint("reminders", __name__)


@bp.get("/settings/reminders")
@allow("manage_organisation")
def settings() -> Response:
    return _settings_page(forms.filled_with(queries.plan_of(request_session())))


@bp.post("/settings/reminders")
@allow("manage_organisation")
def update() -> Response:
    session, (form, wanted) = request_session(), forms.read_plan(request.form)
    if not form.ok:
        return _settings_page(form, 422)
    actions.edit_plan(
        session, g.organisation, is_on=wanted.is_on, days=wanted.days, from_hour=wanted.from_hour,
        until_hour=wanted.until_hour, words=wanted.words,
    )  # fmt: skip
    session.commit()
    flash("Saved." if wanted.is_on else "Saved. Nobody is reminded.", "good")
    return see_other(url_for("organisations.settings"))


@bp.get("/invoices/<int:invoice_id>/reminders")
@allow("raise_invoices", "see_board")
def show(invoice_id: int) -> str:
    session = request_session()
    invoice = get_invoice(session, invoice_id, g.viewer)
    taken = queries.steps_taken(session, invoice.id)
    return render_template(
        "reminders/show.html", invoice=invoice, balance=balance_of(invoice), taken=taken,
        pause=pauses.standing(session, invoice.id), coming=_coming(invoice, [each.reminder.step for each in taken]),
        is_open=queries.is_still_open(session, invoice.id), target=target_of(session, invoice),
        day_words=rules.day_words,
    )  # fmt: skip


@bp.post("/invoices/<int:invoice_id>/reminders/pause")
@allow("raise_invoices")
def create_pause(invoice_id: int) -> Response:
    session = request_session()
    invoice = get_invoice(session, invoice_id, g.viewer, lock=True)
    pauses.pause(session, invoice.organisation_id, invoice.id, f"by {g.viewer.name}")
    session.commit()
    return see_other(url_for("reminders.show", invoice_id=invoice_id))


@bp.post("/invoices/<int:invoice_id>/reminders/resumption")
@allow("raise_invoices")
def create_resumption(invoice_id: int) -> Response:
    session = request_session()
    invoice = get_invoice(session, invoice_id, g.viewer, lock=True)
    pauses.resume(session, invoice.organisation_id, invoice.id)
    session.commit()
    return see_other(url_for("reminders.show", invoice_id=invoice_id))


def _coming(invoice: Invoice, taken: list[int]) -> list[tuple[int, str]] | None:
    """The steps after those that were taken, each with why it is left out, or ""; None: nobody is reminded."""
    plan = queries.plan_of(request_session())
    if plan is None or not plan.is_on:
        return None
    due_on, issued_on = invoice.due_on, invoice.issued_on
    if due_on is None or issued_on is None:
        return []
    today, last = clock.today(actions.time_zone_for(g.organisation, invoice)), max(taken, default=-rules.MOST_DAYS - 1)
    return [
        (step, rules.why_left_out(
            step, due_on=due_on, issued_on=issued_on, started_on=plan.started_on, today=today
        ))
        for step in plan.days if step > last
    ]  # fmt: skip


def _settings_page(form: Form, status: int = 200) -> Response:
    return make_response(render_template("reminders/settings.html", form=form), status)
