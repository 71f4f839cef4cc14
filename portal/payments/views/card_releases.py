"""Letting an invoice or a deposit take cards again, after too many were refused."""

from flask import Response, flash, g, url_for

from portal.invoices.queries import get_invoice
from portal.payments import actions
from portal.payments.deposit_queries import get_request
from portal.payments.queries import PaidFor
from portal.payments.views.pages import bp
from portal.shared.access import allow
from portal.shared.htmx import see_other
from portal.shared.web import request_session
from portal.work_orders.queries import get_work_order

_SAID = "Cards are taken again. Ask the customer to open the link and pay."


@bp.post("/invoices/<int:invoice_id>/card-release")
@allow("see_board")
def create_card_release(invoice_id: int) -> Response:
    """Safe to repeat."""
    session = request_session()
    invoice = get_invoice(session, invoice_id, g.viewer)
    about = ("invoice", invoice_id)
    actions.take_cards_again(session, invoice.organisation_id, PaidFor(*about), about, by=g.viewer.id)
    session.commit()
    flash(_SAID, "good")
    return see_other(url_for("invoices.show", invoice_id=invoice_id))


@bp.post("/work-orders/<int:work_order_id>/deposit-requests/<int:deposit_request_id>/card-release")
@allow("see_board")
def create_deposit_card_release(work_order_id: int, deposit_request_id: int) -> Response:
    """Safe to repeat."""
    session = request_session()
    job = get_work_order(session, work_order_id, g.viewer)
    asked = PaidFor("deposit", get_request(session, work_order_id, deposit_request_id).id)
    actions.take_cards_again(session, job.organisation_id, asked, ("work_order", job.id), by=g.viewer.id)
    session.commit()
    flash(_SAID, "good")
    return see_other(url_for("payments.deposit_requests", work_order_id=work_order_id))
