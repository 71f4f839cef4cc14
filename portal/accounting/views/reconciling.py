"""Both sides compared: what they come to, what differs, and the button that does something about it."""

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, g, render_template, request, url_for

from portal.accounting import link
from portal.accounting.mirror.modules import MODULES
from portal.accounting.models import Consent, Link
from portal.accounting.reconciliation import actions, queries
from portal.accounting.setup import steps
from portal.accounting.setup.desk import Desk
from portal.accounting.views.pages import bp
from portal.gateways.errors import GatewayError
from portal.shared.access import allow
from portal.shared.errors import RuleBroken
from portal.shared.htmx import see_other
from portal.shared.web import request_session


@bp.get("/books/reconciliation")
@allow("see_board", "manage_link")
def show_reconciliation() -> str:
    tied, summary, months, differences = queries.page_of(request_session())
    return render_template(
        "accounting/reconciliation.html", tied=tied, reconciled=summary, differences=differences,
        in_setup=tied is not None and steps.is_open(tied),
        months=[month for month in months if month.month is not None], most=queries.MOST_SHOWN,
        ours={each.row.id: _address(each) for group in differences for each in group.records},
    )  # fmt: skip


@bp.post("/books/reconciliation")
@allow("see_board", "manage_link")
def create_reconciliation() -> Response:
    session = request_session()
    tied = link.live_link(session)
    if tied is None or steps.is_open(tied):
        flash("There is nothing to compare before the set-up is finished.", "due")
        return see_other(url_for("accounting.show_reconciliation"))
    begun = actions.ask(session, tied, g.viewer.name)
    session.commit()
    flash("Both sides are compared now." if begun else "They are being compared already.", "good")
    return see_other(url_for("accounting.show_reconciliation"))


@bp.post("/books/reconciliation/drifts/<int:drift_id>/fix")
@allow("see_board", "manage_link")
def fix_drift(drift_id: int) -> Response:
    session, do = request_session(), request.form.get("do", "")
    try:
        theirs = _read(actions.to_be_read(session, drift_id, do))
        words = actions.fix(session, drift_id, do, by=g.viewer.name, theirs=theirs)
    except (RuleBroken, GatewayError) as problem:
        session.rollback()
        flash(problem.sentence if isinstance(problem, RuleBroken) else problem.words, "late")
        return see_other(url_for("accounting.show_reconciliation"))
    session.commit()
    flash(words, "good")
    return see_other(url_for("accounting.show_reconciliation"))


def _read(wanted: tuple[Link, str, str] | None) -> Mapping[str, Any] | None:
    """Zoho's record as it is now. Raises GatewayError."""
    if wanted is None:
        return None
    tied, module, remote_id = wanted
    session = request_session()
    consent = session.get_one(Consent, tied.consent_id)
    session.commit()  # no transaction stays open while Zoho is called
    with Desk(tied, consent) as desk:
        found: Mapping[str, Any] = desk.call("GET", f"{MODULES[module].path}/{remote_id}")[MODULES[module].key]
    return found


def _address(each: queries.Difference) -> str:
    row = each.row
    if row.local_id is None:
        return ""
    if row.module == "invoice":
        return url_for("invoices.show", invoice_id=row.local_id)
    if row.module == "customer":
        return url_for("customers.show", customer_id=row.local_id)
    if row.module == "item":
        return url_for("catalogue.edit", item_id=row.local_id)
    if row.module == "credit_note":
        return url_for("invoices.show_credit_note", credit_note_id=row.local_id)
    return url_for("payments.show", payment_id=row.local_id)
