"""What customer, item and place decided goes to the books, and comes to the same there."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from portal.accounting.mirror.drain import drain
from portal.customers.actions import CustomerFacts, add_customer
from portal.organisations.models import Organisation
from portal.shared.running import job_session
from portal.taxes.models import Tax
from tests.builders import make_firm
from tests.portal.accounting.doings import sent_invoice
from tests.portal.accounting.stand_in import ZohoStandIn, connect, zoho

__all__ = ["zoho"]

CASES = {
    "India, within the state": (
        "IN", "INR", CustomerFacts("business", "Pune Dental", country="IN", state="Maharashtra"), "GST18", "231.88"
    ),
    "India, between states": (
        "IN", "INR", CustomerFacts("business", "Mysore Dental", country="IN", state="Karnataka"), "IGST18", "231.87"
    ),
    "Germany, reverse charge": (
        "DE", "EUR", CustomerFacts("business", "Lyon Dentaire", country="FR", tax_number="FR40303265045"), "", "196.50"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("country", "currency", "facts", "there_called", "total"), CASES.values(), ids=CASES.keys())
def test_the_books_agree_to_the_cent(
    zoho: ZohoStandIn, country: str, currency: str, facts: CustomerFacts, there_called: str, total: str
) -> None:
    zoho.mend()
    firm = make_firm(country=country, currency=currency)
    with job_session(firm.organisation_id) as session:
        session.get_one(Organisation, firm.organisation_id).tax_place = "27"
        firm.customer_id = add_customer(session, firm.organisation_id, facts, form_id=None).id
    linked = connect(zoho, firm, currency=currency)
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    (there,) = linked.there("invoices")
    assert Decimal(str(there["total"])) == invoice.total.decimal == Decimal(total)
    assert {line["tax_name"] for line in there["line_items"]} == {there_called}
    with job_session(firm.organisation_id) as session:
        reverse = session.scalars(select(Tax.name).where(Tax.kind == "reverse_charge")).all()
    assert not set(reverse) & {tax["tax_name"] for tax in linked.there("taxes")}  # there it would be charged
    assert {record.state for record in linked.mirror("invoice")} == {"in_step"}
