"""What has not reached the books, and why."""

from itertools import groupby

from flask import Response, flash, render_template, url_for

from portal.accounting import actions, link, queries
from portal.accounting.pull import asking
from portal.accounting.reconciliation.queries import summary_of
from portal.accounting.views.pages import bp
from portal.shared.access import allow
from portal.shared.htmx import see_other
from portal.shared.web import request_session


@bp.get("/books/inbox")
@allow("see_board", "manage_link")
def inbox() -> str:
    session = request_session()
    stuck = queries.stuck_records(session)
    groups = [(why, list(records)) for why, records in groupby(stuck, key=lambda record: record.why)]
    return render_template(
        "accounting/inbox.html", groups=groups, state=queries.link_state(session), most=queries.MOST_SHOWN,
        under_way=queries.under_way(session), count=len(stuck),
        addresses={record.id: _address(record) for record in stuck},
        reconciled=summary_of(session, link.live_link(session)), to_decide=asking.count_open(session),
    )  # fmt: skip


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


def _address(record: queries.Stuck) -> str:
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
