"""Our reasons for no tax become exemptions there, where the edition has them."""

from typing import Any

from flask import Flask

from portal.accounting.mirror.drain import drain
from portal.accounting.setup import steps
from portal.organisations.models import Organisation
from portal.shared.running import job_session
from portal.taxes.standing.actions import add_exemption
from portal.taxes.standing.queries import all_exemptions
from tests.builders import make_invoice, post, sign_in
from tests.conftest import browser
from tests.portal.accounting.stand_in import LinkedFirm, linked, linked_to_either, zoho
from tests.portal.accounting.test_mirror_exemptions import RESALE, reason_of
from tests.portal.accounting.test_taxes_needed import begin
from tests.portal.accounting.test_taxes_step import PAGE, words

__all__ = ["linked", "linked_to_either", "zoho"]


def reasons(linked: LinkedFirm, country: str = "US") -> int:
    """One that a customer may have, and one that nobody has."""
    with job_session(linked.organisation_id) as session:
        session.get_one(Organisation, linked.organisation_id).country = country
        add_exemption(session, linked.organisation_id, "Labour apart", "item")
        return add_exemption(session, linked.organisation_id, RESALE, "customer").id


def codes_there(linked: LinkedFirm) -> dict[str, Any]:
    return {one["tax_exemption_code"]: one["tax_exemption_id"] for one in linked.there("taxexemptions")}


def test_a_new_organisation_gets_all_and_the_exempt_customer_and_the_line_name_theirs(
    linked_to_either: LinkedFirm,
) -> None:
    linked = linked_to_either
    reason = reasons(linked)
    reason_of(linked, reason)
    begin(linked, is_new=True)
    with job_session(linked.organisation_id) as session:
        make_invoice(session, linked.firm)
    drain(linked.organisation_id)
    drain(linked.organisation_id)
    there = codes_there(linked)
    assert {RESALE, "Labour apart"} <= set(there)
    assert len(linked.there("taxexemptions")) == len(there)
    (contact,) = linked.there("contacts")
    assert (contact["is_taxable"], contact["tax_exemption_id"]) == (False, there[RESALE])
    assert {line["tax_exemption_id"] for line in linked.there("invoices")[0]["line_items"]} == {there[RESALE]}


def test_an_existing_organisation_gets_only_what_somebody_has_and_keeps_its_own(linked: LinkedFirm) -> None:
    linked.zoho.act(linked.remote, "POST /settings/taxexemptions", {"tax_exemption_code": "RESALE", "type": "customer"})
    reason = reasons(linked)
    begin(linked, is_new=False)
    drain(linked.organisation_id)
    assert set(codes_there(linked)) == {"RESALE"}
    reason_of(linked, reason)
    linked.zoho.break_down("error_500_after", path="/settings/taxexemptions")
    drain(linked.organisation_id)
    drain(linked.organisation_id)
    assert sorted(one["tax_exemption_code"] for one in linked.there("taxexemptions")) == [RESALE, "RESALE"]
    assert linked.there("contacts")[0]["tax_exemption_id"] == codes_there(linked)[RESALE]


def test_an_edition_without_them_gets_none(linked: LinkedFirm) -> None:
    reason_of(linked, reasons(linked, "GB"))
    begin(linked, is_new=True)
    drain(linked.organisation_id)
    assert linked.there("taxexemptions") == []


def test_what_zoho_refuses_is_said_and_sent_once_more_when_the_taxes_are_kept(linked: LinkedFirm, app: Flask) -> None:
    reason_of(linked, reasons(linked))
    with job_session(linked.organisation_id) as session:
        steps.begin(session, session.merge(linked.link()), is_new=True)
    linked.zoho.break_down("status", path="/settings/taxexemptions", times=9, status=400, code=57, message="No")
    admin = sign_in(browser(app), linked.firm, "administrator")
    assert f"{RESALE} a reason for customers to pay none; goes to Zoho when a customer needs it" in words(
        admin.get(PAGE).text
    )
    drain(linked.organisation_id)
    drain(linked.organisation_id)
    asked = len(linked.zoho.requests(linked.remote, "POST", "/settings/taxexemptions"))
    with job_session(linked.organisation_id) as session:
        assert asked == sum(not each.is_outside for each in all_exemptions(session))
    assert "Zoho did not take it; it is sent once more when you keep these taxes" in words(admin.get(PAGE).text)
    linked.zoho.mend()
    post(admin, PAGE, {}, page=PAGE)
    drain(linked.organisation_id)
    assert RESALE in codes_there(linked)
