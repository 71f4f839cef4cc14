"""What managers watch."""

from flask import Blueprint, g, render_template, request

from portal.accounting.queries import books_states
from portal.invoices.queries import list_invoices, status_of
from portal.reports.first_steps import first_steps
from portal.reports.queries import board as figures_of_board
from portal.shared import clock
from portal.shared.access import allow
from portal.shared.web import page_number, request_session

bp = Blueprint("reports", __name__)

TABS = {"open": "All open", "overdue": "Overdue", "part_paid": "Part paid", "paid": "Paid"}


@bp.get("/board")
@allow("see_board")
def board() -> str:
    session, today, page = request_session(), clock.today(g.time_zone), page_number()
    state = request.args.get("state", "open")
    state = state if state in TABS else "open"
    figures = figures_of_board(session, currency=g.organisation.currency, time_zone=g.time_zone)
    invoices, has_more = list_invoices(session, g.viewer, state=state, today=today, page=page)
    steps = first_steps(session, g.organisation) if g.viewer.may("manage_organisation") else []
    return render_template(
        "reports/board.html", steps=steps, figures=figures, invoices=invoices, has_more=has_more, page=page,
        state=state, tabs=TABS, is_linked=figures.not_in_books is not None,
        books_states=books_states(session, [row.id for row in invoices]), status_of=status_of, today=today,
        now=clock.local(clock.now(), g.time_zone),
    )  # fmt: skip
