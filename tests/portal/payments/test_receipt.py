"""A payment on paper."""

import io

from pypdf import PdfReader

from portal.shared.running import job_session
from tests.builders import Firm, make_invoice, pay_address, sign_in
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


def test_who_has_the_link_has_the_receipt_and_nothing_of_other_invoices(till: Till, firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        ours, other = (make_invoice(session, firm) for _ in range(2))
        address, ids, numbers = pay_address(session, ours), [ours.id, other.id], [str(ours.number), str(other.number)]
    both = record(firm, ids, 40000)
    assert f'{address}/receipts/{both.payment_id}">Receipt {both.number}</a>' in till.get(address).text
    pdf = till.get(f"{address}/receipts/{both.payment_id}.pdf").content
    said = PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert numbers[0] in said and "£235.80" in said
    assert numbers[1] not in said and "£400.00" not in said
    assert till.get(f"{address}/receipts/{both.payment_id + 1}.pdf").status_code == 404
