"""Zoho has no taxes for each unit: their sum stands on the invoice there as an adjustment, and both sides agree."""

from decimal import Decimal

import pytest

from portal.accounting.mirror.drain import drain
from portal.catalogue.models import Item
from portal.invoices.models import Invoice
from portal.organisations.models import Organisation
from portal.shared.running import job_session
from portal.taxes.actions import add_group, add_tax
from portal.taxes.queries import list_taxes
from tests.builders import make_credit_note
from tests.portal.accounting.doings import sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho

__all__ = ["linked", "zoho"]


def bear_a_fee(linked: LinkedFirm, *, alone: bool = False, on_fee: bool = False) -> Invoice:
    """An invoice whose every line bears a fee of 0.25 for each unit, and the usual VAT unless it is alone."""
    with job_session(linked.organisation_id) as session:
        usual = list_taxes(session)[0]
        tax = add_tax(session, linked.organisation_id, "Disposal fee", Decimal("0.25"), kind="fixed_per_unit")
        if not alone:
            tax = add_group(session, linked.organisation_id, "VAT and fee", [tax, usual], last_is_compound=on_fee)
        for item_id in linked.firm.item_ids:
            session.get_one(Item, item_id).tax_id = tax.id
    return sent_invoice(linked)


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "with VAT"])
def test_the_fee_is_an_adjustment_of_its_name_there(linked: LinkedFirm, alone: bool) -> None:
    invoice = bear_a_fee(linked, alone=alone)
    fee = next(row.amount.decimal for row in invoice.taxes if row.name == "Disposal fee")
    drain(linked.organisation_id)
    (there,) = linked.there("invoices")
    assert (Decimal(str(there["adjustment"])), there["adjustment_description"]) == (fee, "Disposal fee")
    assert Decimal(str(there["total"])) == invoice.total.decimal
    assert {record.state for record in linked.mirror()} == {"in_step"}
    assert "Disposal fee" not in [each["tax_name"] for each in linked.there("taxes")]


def test_a_percentage_on_the_fee_holds_the_invoice_and_says_why(linked: LinkedFirm) -> None:
    bear_a_fee(linked, on_fee=True)
    drain(linked.organisation_id)
    (record,) = linked.mirror("invoice")
    assert record.state == "mismatch"
    assert "Zoho has no taxes for each unit, as Disposal fee" in record.last_error


def test_a_fee_inside_the_price_holds_the_invoice_and_says_why(linked: LinkedFirm) -> None:
    with job_session(linked.organisation_id) as session:
        session.get_one(Organisation, linked.organisation_id).price_includes_tax = True
    bear_a_fee(linked)
    drain(linked.organisation_id)
    (record,) = linked.mirror("invoice")
    assert record.state == "mismatch" and "Zoho has no taxes for each unit" in record.last_error


def test_a_credit_note_takes_the_fee_back_there_too(linked: LinkedFirm) -> None:
    bear_a_fee(linked)
    with job_session(linked.organisation_id) as session:
        note = make_credit_note(session, linked.firm)
        session.commit()
        total = note.total.decimal
    drain(linked.organisation_id)
    (there,) = linked.there("creditnotes")
    assert Decimal(str(there["total"])) == total
    assert linked.mirror("credit_note")[0].state == "in_step"
