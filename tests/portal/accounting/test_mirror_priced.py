"""An invoice with discounts, shipping and an adjustment comes to the same in the books."""

from decimal import Decimal
from typing import Any

import pytest

from portal.accounting.mirror.drain import drain
from portal.invoices import actions, drafts
from portal.invoices.pricing import Cut, Pricing
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.shared.money import Money
from portal.shared.running import job_session
from portal.taxes.actions import add_tax
from portal.taxes.queries import list_taxes
from tests.builders import make_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho

__all__ = ["linked", "zoho"]

TEN, POUND = Decimal(10), Money(100, "GBP")


@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize(
    "wanted",
    [{"whole": Cut(percent=Decimal("3.33"))}, {"whole": Cut(percent=TEN, applied="after_tax")},
     {"by_line": {0: Cut(percent=TEN), 1: Cut(amount=POUND)}}, {"shipping": Money(999, "GBP")},
     {"adjustment": Money(-5, "GBP"), "adjustment_reason": "To the full"}],
    ids=["before tax", "after tax", "lines", "shipping", "adjustment"],
)  # fmt: skip
def test_the_priced_invoice_agrees_there(linked: LinkedFirm, wanted: dict[str, Any], inclusive: bool) -> None:
    with job_session(linked.organisation_id) as session:
        organisation = session.get_one(Organisation, linked.organisation_id)
        organisation.price_includes_tax = inclusive
        session.commit()
        invoice = get_invoice(session, make_invoice(session, linked.firm, sent=False).id, lock=True)
        given = {"shipping": Money.zero("GBP"), "adjustment": Money.zero("GBP"), **wanted}
        given["lines"] = {invoice.lines[at].id: cut for at, cut in given.pop("by_line", {}).items()}
        given["shipping_tax_id"] = list_taxes(session)[0].id if given["shipping"] else None
        drafts.price_draft(session, organisation, invoice, Pricing(**given), Decimal(100))
        actions.issue_invoice(session, organisation, invoice)
        session.commit()
        total, tax = invoice.total.decimal, invoice.tax.decimal
    drain(linked.organisation_id)
    (there,) = linked.there("invoices")
    assert (Decimal(str(there["total"])), Decimal(str(there["tax_total"]))) == (total, tax)
    (record,) = linked.mirror("invoice")
    assert record.state == "in_step"


@pytest.mark.parametrize("theirs", [{}, {"rounding_type": "nearest_increment", "rounding_increment": "0.5"}])
def test_a_rounded_total_agrees_whoever_rounds_it(linked: LinkedFirm, theirs: dict[str, str]) -> None:
    linked.zoho.control("POST", f"/orgs/{linked.remote}/settings", theirs)
    with job_session(linked.organisation_id) as session:
        session.get_one(Organisation, linked.organisation_id).round_total_to = Decimal("0.50")
        invoice = make_invoice(session, linked.firm)
    assert (invoice.breakdown or {})["rounding_adjustment"] == "0.20"
    drain(linked.organisation_id)
    (there,) = linked.there("invoices")
    assert (Decimal(str(there["total"])), there["adjustment_description"]) == (Decimal(236), "Rounding")
    assert linked.mirror("invoice")[0].state == "in_step"


def test_what_the_customer_withholds_stays_out_of_the_books_total(linked: LinkedFirm) -> None:
    with job_session(linked.organisation_id) as session:
        withheld = add_tax(session, linked.organisation_id, "TDS", TEN, kind="withholding")
        invoice = get_invoice(session, make_invoice(session, linked.firm, sent=False).id, lock=True)
        invoice.lines[0].tax_id = withheld.id
        session.flush()
        actions.issue_invoice(session, session.get_one(Organisation, linked.organisation_id), invoice)
        session.commit()
    assert Decimal((invoice.breakdown or {})["withholding"]) < 0
    drain(linked.organisation_id)
    assert linked.mirror("invoice")[0].state == "in_step"
    assert Decimal(str(linked.there("invoices")[0]["total"])) == invoice.total.decimal
