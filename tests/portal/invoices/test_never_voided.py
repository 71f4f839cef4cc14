"""Where the law forbids it, an invoice that was sent is taken back by a credit note only."""

from flask import Flask

from portal.invoices.queries import get_invoice
from portal.shared.running import job_session
from tests.builders import make_invoice, post
from tests.portal.invoices.test_taxing import settled


def test_a_saudi_invoice_is_never_voided(app: Flask) -> None:
    firm, office = settled(app, "SA", "SAR", {"country": "SA"})
    with job_session(firm.organisation_id) as session:
        sent = make_invoice(session, firm).id
    page = office.get(f"/invoices/{sent}").text
    assert "Void this invoice" not in page and "Credit note" in page
    refused = post(office, f"/invoices/{sent}/voiding", {"reason": "Mistake"}, page=f"/invoices/{sent}")
    assert "Make a credit note over all of it" in office.get(refused.location).text
    with job_session(firm.organisation_id) as session:
        assert get_invoice(session, sent).status == "sent"
