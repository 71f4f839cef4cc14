"""A permission that was given and not used is given back: when a later one is used, and when Zoho is disconnected."""

from flask import Flask
from sqlalchemy import text

from portal.shared.running import job_session
from tests.builders import post, sign_in
from tests.conftest import World, browser
from tests.portal.accounting.stand_in import LinkedFirm, linked, owner_rows, zoho
from tests.portal.accounting.test_link_pages import consent
from tests.portal.accounting.test_switching import another, switch
from workers.mirror_jobs import look

__all__ = ["linked", "zoho"]


def living(world: World, linked: LinkedFirm) -> int:
    return len(
        owner_rows(
            world, "SELECT 1 FROM zoho_consents WHERE organisation_id = :id AND (revoked_at IS NULL OR"
            " refresh_token_sealed <> '')", id=linked.organisation_id,
        )
    )  # fmt: skip


def revoked(linked: LinkedFirm) -> int:
    return sum("revoke" in one["path"] for one in linked.zoho.control("GET", "/requests")["requests"])


def test_disconnecting_gives_all_of_them_back(linked: LinkedFirm, app: Flask, world: World) -> None:
    admin = sign_in(browser(app), linked.firm, "administrator")
    begun = admin.get(consent(admin, user=f"eu:{linked.user}")).location
    assert living(world, linked) == 2
    linked.zoho.forget_requests()
    post(admin, "/books/end", {"is_sure": "1"}, page="/books")
    assert (living(world, linked), revoked(linked)) == (0, 2)
    assert admin.get(begun).location == "/books"
    assert "That permission was given back" in admin.get("/books").text


def test_using_a_later_one_gives_the_earlier_back(linked: LinkedFirm, app: Flask, world: World) -> None:
    admin = sign_in(browser(app), linked.firm, "administrator")
    admin.get(consent(admin, user=f"eu:{linked.user}"))
    linked.zoho.forget_requests()
    assert switch(admin, linked, another(linked)).status_code == 303
    assert (living(world, linked), revoked(linked)) == (1, 2)
    admin.get(consent(admin, user=f"eu:{linked.user}"))
    assert admin.get(consent(admin, user=f"eu:{linked.user}", wish="again")).location == "/books"
    assert (living(world, linked), revoked(linked)) == (1, 4)


def is_rung(linked: LinkedFirm) -> bool:
    query = text("SELECT count(*) FROM gate.due_consents(clock_timestamp()) WHERE organisation_id = :id")
    with job_session(linked.organisation_id) as session:
        return bool(session.scalar(query, {"id": linked.organisation_id}))


def test_one_that_nobody_used_for_a_day_is_given_back_by_the_workers(
    linked: LinkedFirm, app: Flask, world: World
) -> None:
    admin = sign_in(browser(app), linked.firm, "administrator")
    begun = admin.get(consent(admin, user=f"eu:{linked.user}")).location
    linked.zoho.forget_requests()
    look(linked.organisation_id)
    assert not is_rung(linked) and (living(world, linked), revoked(linked)) == (2, 0)
    linked.change("UPDATE zoho_consents SET created_at = created_at - interval '25 hours'")
    assert is_rung(linked)
    look(linked.organisation_id)
    assert not is_rung(linked) and (living(world, linked), revoked(linked)) == (1, 1)
    assert linked.link().archived_at is None
    assert admin.get(begun).location == "/books"


def test_of_several_begun_the_latest_stays_for_the_day(linked: LinkedFirm, app: Flask, world: World) -> None:
    admin = sign_in(browser(app), linked.firm, "administrator")
    admin.get(consent(admin, user=f"eu:{linked.user}"))
    latest = admin.get(consent(admin, user=f"eu:{linked.user}")).location
    linked.change("UPDATE zoho_consents SET created_at = created_at - interval '2 hours'")
    assert is_rung(linked)
    look(linked.organisation_id)
    assert not is_rung(linked) and living(world, linked) == 2
    assert admin.get(latest).status_code == 200
