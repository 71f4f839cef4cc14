"""A payment on paper."""

from flask import Response, g

from portal.invoices.documents.pdf import as_response
from portal.payments import queries
from portal.payments.papers import receipt_paper
from portal.payments.views.pages import bp
from portal.shared.access import allow
from portal.shared.web import request_session


@bp.get("/payments/<int:payment_id>/receipt.pdf")
@allow("see_board")
def show_receipt(payment_id: int) -> Response:
    session = request_session()
    payment = queries.get_payment(session, payment_id).payment
    return as_response(receipt_paper(session, g.organisation, payment), payment.number)
