"""A payment on paper."""

import io

from pypdf import PdfReader

from portal.shared.running import job_session
from tests.builders import Firm, make_invoice, sign_in
from tests.paying import Till
from tests.portal.payments.test_recording import record


def test_a_receipt_names_the_payment_its_invoice_and_the_amount(till: Till, firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        invoice = make_invoice(session, firm)
        invoice_id, number = invoice.id, invoice.number
    taken = record(firm, [invoice_id])
    payment_id, paid = taken.payment_id, taken.number
    client = sign_in(till.browser(), firm, "administrator")
    assert "Receipt (PDF)" in client.get(f"/payments/{payment_id}").text
    pdf = client.get(f"/payments/{payment_id}/receipt.pdf").data
    said = PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert all(part in said for part in ("Receipt", str(number), paid, "£235.80"))
