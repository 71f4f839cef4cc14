"""A new organisation is left before its rehearsal has come back, and linked again: the set-up can still be ended."""

from flask import Flask

from portal.accounting.mirror.drain import drain
from portal.shared.running import job_session
from tests.builders import Firm, make_invoice, post, sign_in
from tests.conftest import World, browser
from tests.portal.accounting.stand_in import ZohoStandIn, owner_rows, zoho
from tests.portal.accounting.test_link_pages import chosen_is, consent, start
from tests.portal.accounting.test_setup_pages import create, person_at_zoho

__all__ = ["zoho"]
PAGE = "/books/setup/match"


def test_a_new_organisation_left_before_its_rehearsal_and_linked_again_can_be_set_up_to_the_end(
    zoho: ZohoStandIn, app: Flask, firm: Firm, world: World
) -> None:
    admin, email = sign_in(browser(app), firm, "administrator"), firm.emails["administrator"]
    chosen = admin.get(consent(admin, user=person_at_zoho(zoho, firm, "eu"))).location
    create(admin, chosen, "Begun twice")
    with job_session(firm.organisation_id) as session:
        make_invoice(session, firm)
    post(admin, "/books/end", {"is_sure": "1"}, page="/books")
    chosen = admin.get(consent(admin, user=f"eu:{email}")).location
    ((made,),) = owner_rows(
        world, "SELECT remote_organisation_id FROM links WHERE organisation_id = :id", id=firm.organisation_id
    )  # fmt: skip
    post(admin, chosen, chosen_is(made), page=chosen)
    drain(firm.organisation_id)
    while "Go on with the set-up" not in (page := admin.get(PAGE).text):
        assert "Nothing to match" not in page
        assert post(admin, PAGE, {"do": "take"}, page=PAGE).status_code == 303
        drain(firm.organisation_id)
    start(admin, firm.organisation_id)
    drain(firm.organisation_id)
    states = owner_rows(world, "SELECT state FROM mirror_records WHERE organisation_id = :id", id=firm.organisation_id)
    assert {state for (state,) in states} == {"in_step"}
