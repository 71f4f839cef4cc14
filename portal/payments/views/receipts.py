"""A payment on paper."""

from flask import Response, g

from portal.invoices.documents.pdf import as_response, receipt_pdf
from portal.invoices.documents.receipts import receipt_facts
from portal.payments import queries
from portal.payments.views.pages import bp
from portal.shared.access import allow
from portal.shared.web import request_session


@bp.get("/payments/<int:payment_id>/receipt.pdf")
@allow("see_board")
def show_receipt(payment_id: int) -> Response:
    listed = queries.get_payment(request_session(), payment_id)
    payment = listed.payment
    facts = receipt_facts(
        g.organisation, number=payment.number, received_on=payment.received_on, payer=listed.customer_name,
        how=payment.reference or payment.method.replace("_", " ").capitalize(), amount=payment.amount,
        parts=[(part.invoice_number, part.amount) for part in listed.invoices],
    )  # fmt: skip
    return as_response(receipt_pdf(facts, payment.created_at), payment.number)
