"""Into an organisation that was there before, a tax of ours goes once something that goes over needs it."""

from decimal import Decimal

from flask import Flask

from portal.accounting.mirror.drain import drain
from portal.accounting.setup import steps
from portal.catalogue.models import Item
from portal.shared import outbox
from portal.shared.running import job_session
from portal.taxes.actions import add_group, add_tax
from tests.builders import post, sign_in
from tests.conftest import browser
from tests.portal.accounting.doings import sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_taxes_step import PAGE, id_there, words

__all__ = ["linked", "zoho"]


def begin(linked: LinkedFirm, *, is_new: bool) -> None:
    with job_session(linked.organisation_id) as session:
        link = session.merge(linked.link())
        steps.begin(session, link, is_new=is_new)
        for step in steps.NEEDED:
            steps.finish(session, link, step)
        steps.start(session, link)


def group_here(linked: LinkedFirm) -> int:
    with job_session(linked.organisation_id) as session:
        halves = [add_tax(session, linked.organisation_id, name, Decimal(9)) for name in ("CGST9", "SGST9")]
        return add_group(session, linked.organisation_id, "GST18", halves).id


def names_there(linked: LinkedFirm) -> set[str]:
    return {str(one["tax_name"]) for one in linked.there("taxes")}


def test_what_nothing_needs_stays_here_and_what_an_item_bears_goes_with_its_members(linked: LinkedFirm) -> None:
    before = names_there(linked)
    begin(linked, is_new=False)
    group = group_here(linked)
    sent_invoice(linked)
    drain(linked.organisation_id)
    assert names_there(linked) - before == {"VAT 20%"}
    with job_session(linked.organisation_id) as session:
        session.get_one(Item, linked.firm.item_ids[0]).tax_id = group
        outbox.record(session, linked.organisation_id, "item", linked.firm.item_ids[0])
    drain(linked.organisation_id)
    assert names_there(linked) - before == {"VAT 20%", "CGST9", "SGST9", "GST18"}
    assert {record.state for record in linked.mirror()} == {"in_step"}


def test_into_a_new_organisation_all_go_at_once(linked: LinkedFirm) -> None:
    begin(linked, is_new=True)
    group_here(linked)
    drain(linked.organisation_id)
    assert {"VAT 20%", "VAT 5%", "VAT 0%", "CGST9", "SGST9", "GST18"} <= names_there(linked)


def test_a_group_says_what_comes_with_it(linked: LinkedFirm, app: Flask) -> None:
    for name, rate in (("Insurance premium", 12), ("Levy", 3)):
        linked.zoho.act(linked.remote, "POST /settings/taxes", {"tax_name": name, "tax_percentage": rate})
    ids = [id_there(linked, "Insurance premium"), id_there(linked, "Levy")]
    linked.zoho.act(linked.remote, "POST /settings/taxgroups", {"tax_group_name": "Both", "taxes": ",".join(ids)})
    admin = sign_in(browser(app), linked.firm, "administrator")
    together = "Insurance premium + Levy"
    assert f"{together}; Insurance premium and Levy come with it" in words(admin.get(PAGE).text)
    post(admin, PAGE, {"take": ids[:1]}, page=PAGE)
    assert f"{together}; Levy comes with it" in words(admin.get(PAGE).text)
