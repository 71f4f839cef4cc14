"""A permission that was given and not used is given back: when a later one is used, and when Zoho is disconnected."""

from flask import Flask

from tests.builders import post, sign_in
from tests.conftest import World, browser
from tests.portal.accounting.stand_in import LinkedFirm, linked, owner_rows, zoho
from tests.portal.accounting.test_link_pages import consent
from tests.portal.accounting.test_switching import another, switch

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
