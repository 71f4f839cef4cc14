"""Taxes that are so much for each unit: entered, grouped with percentages, on lines and on paper."""

from datetime import date
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.invoices import drafts
from portal.invoices.documents.facts import facts_of
from portal.invoices.models import Invoice
from portal.invoices.pricing import Pricing
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.shared.money import Money
from portal.taxes.actions import CannotChangeTax, add_group, add_tax
from portal.taxes.models import Tax
from tests.builders import Firm, make_invoice, post, sign_in
from tests.portal.taxes.test_groups import come_to

PAGE = "/settings/taxes"
NEW = {"name": "Disposal fee", "kind": "fixed_per_unit", "rate": "0.25", "why": "", "authority_id": ""}
TODAY = date(2026, 3, 2)


def the(session: Session, name: str) -> Tax:
    session.expire_all()
    return session.scalars(select(Tax).where(Tax.name == name)).one()


def fee_and_vat(session: Session, firm: Firm, *, on_fee: bool) -> Tax:
    fee = add_tax(session, firm.organisation_id, "Disposal fee", Decimal("0.25"), kind="fixed_per_unit")
    vat = add_tax(session, firm.organisation_id, "VAT", Decimal(20))
    return add_group(session, firm.organisation_id, "VAT and fee", [fee, vat], last_is_compound=on_fee)


def draft_bearing(session: Session, firm: Firm, tax: Tax) -> Invoice:
    """A draft over two and a half units in all, each line bearing `tax`."""
    invoice = get_invoice(session, make_invoice(session, firm, sent=False).id, lock=True)
    for line in invoice.lines:
        line.tax_id, line.tax_name = tax.id, tax.name
    session.flush()
    return invoice


def test_it_is_entered_in_money_and_may_be_more_than_a_hundred(
    session: Session, client: FlaskClient, firm: Firm
) -> None:
    sign_in(client, firm, "administrator")
    assert post(client, PAGE, NEW, page=PAGE).status_code == 303
    tax = the(session, "Disposal fee")
    assert (tax.kind, tax.rate_on(TODAY)) == ("fixed_per_unit", Decimal("0.25"))
    assert "0.25 a unit" in client.get(PAGE).text and "Disposal fee" in client.get("/catalogue/new").text
    address = f"{PAGE}/{tax.id}"
    form = {"rate": "1250", "valid_from": "2026-01-01"}
    assert post(client, f"{address}/rates", form, page=address).status_code == 303
    shown = client.get(address).text
    assert "1,250.00 a unit" in shown and "0.25 a unit → 1250 a unit" in shown and "Zoho has no taxes" in shown
    assert post(client, PAGE, NEW | {"rate": "0", "name": "Nothing"}, page=PAGE).status_code == 422


def test_a_group_is_ticked_of_a_fee_and_a_percentage_that_stands_on_it(
    session: Session, client: FlaskClient, firm: Firm
) -> None:
    fee = add_tax(session, firm.organisation_id, "Disposal fee", Decimal("0.25"), kind="fixed_per_unit")
    vat = session.scalars(select(Tax).where(Tax.is_default)).one()
    session.commit()
    sign_in(client, firm, "administrator")
    form = {"name": "VAT and fee", "member": [str(vat.id), str(fee.id)], "last_is_compound": "yes", "why": ""}
    assert post(client, f"{PAGE}/groups", form, page=PAGE).status_code == 303
    group = the(session, "VAT and fee")
    assert [(each.tax.name, each.is_compound) for each in group.members] == [(fee.name, False), (vat.name, True)]
    assert "20 % + 0.25 a unit" in client.get(PAGE).text


@pytest.mark.parametrize(("on_fee", "vat"), [(False, "20.00"), (True, "20.05")])
def test_a_percentage_stands_on_the_fee_where_the_group_says_so(
    session: Session, firm: Firm, on_fee: bool, vat: str
) -> None:
    assert come_to(session, firm, "100.00", fee_and_vat(session, firm, on_fee=on_fee)) == ("0.25", vat)


def test_what_is_charged_and_what_is_withheld_make_no_group(session: Session, firm: Firm) -> None:
    fee = add_tax(session, firm.organisation_id, "Disposal fee", Decimal("0.25"), kind="fixed_per_unit")
    held = add_tax(session, firm.organisation_id, "ISR", Decimal(10), kind="withholding")
    with pytest.raises(CannotChangeTax, match="needs two taxes"):
        add_group(session, firm.organisation_id, "Mixed", [fee, held])
    vat = add_tax(session, firm.organisation_id, "VAT", Decimal(20))
    with pytest.raises(CannotChangeTax, match="Only a percentage"):
        add_group(session, firm.organisation_id, "Backwards", [vat, fee], last_is_compound=True)


def test_a_draft_charges_each_unit_and_the_paper_names_the_fee_alone(session: Session, firm: Firm) -> None:
    organisation = session.get_one(Organisation, firm.organisation_id)
    invoice = draft_bearing(session, firm, fee_and_vat(session, firm, on_fee=False))
    drafts.rewrite(session, organisation, invoice)
    assert sum((line.quantity for line in invoice.lines), Decimal(0)) == Decimal("2.5")
    rows = {row.name: row.amount.decimal for row in invoice.taxes}
    assert rows["Disposal fee"] == Decimal("0.63")
    assert invoice.total == invoice.subtotal + invoice.tax
    session.flush()
    session.expire_all()
    labels = [label for label, _ in facts_of(organisation, get_invoice(session, invoice.id))["sums"]]
    assert "Disposal fee" in labels and any(label.startswith("VAT 20 % on ") for label in labels)


def test_two_taxes_are_withheld_together_each_in_its_own_row(session: Session, firm: Firm) -> None:
    """A company in Mexico that pays a professional keeps back ISR and two thirds of the IVA."""
    organisation = session.get_one(Organisation, firm.organisation_id)
    parts = [
        add_tax(session, firm.organisation_id, name, Decimal(rate), kind="withholding")
        for name, rate in (("ISR", "10"), ("IVA retenida", "10.6667"))
    ]
    group = add_group(session, firm.organisation_id, "ISR + IVA", parts)
    invoice = get_invoice(session, make_invoice(session, firm, sent=False).id, lock=True)
    zero = Money.zero("GBP")
    drafts.price_draft(session, organisation, invoice, Pricing(zero, zero, withholding_tax_id=group.id), Decimal(100))
    rows = {row["name"]: Decimal(row["amount"]) for row in (invoice.breakdown or {})["taxes"]}
    assert rows["ISR"] == Decimal("-19.65") and rows["IVA retenida"] == Decimal("-20.96")
    assert invoice.withheld.decimal == Decimal("40.61")
    assert invoice.amount_due == invoice.total - invoice.withheld
