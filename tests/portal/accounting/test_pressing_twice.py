"""Several presses at the same moment make, end or leave a tie once, and cross neither each other nor a worker."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from portal.accounting import link as linking
from portal.accounting import rules, switching
from portal.accounting.models import Consent, Link
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.conftest import World, browser
from tests.portal.accounting.stand_in import LinkedFirm, ZohoStandIn, linked, owner_rows, wait_until, zoho
from tests.portal.accounting.test_deciding_beside_workers import WAITS
from tests.portal.accounting.test_link_pages import chosen_is, consent
from tests.portal.accounting.test_switching import another

__all__ = ["linked", "zoho"]
PRESSES = 3
UNUSED = {"refresh_token_sealed": "", "access_token_sealed": ""}


def history(world: World, organisation_id: int) -> list[str]:
    rows = owner_rows(
        world, "SELECT action FROM audit_entries WHERE organisation_id = :id AND action IN"
        " ('zoho linked', 'zoho unlinked', 'zoho switched') ORDER BY id", id=organisation_id,
    )  # fmt: skip
    return [row[0] for row in rows]


def press(app: Flask, firm: Firm, path: str, form: dict[str, object], page: str) -> list[tuple[int, str]]:
    """The same form from several windows, at once. (status, where to) of each."""
    windows = [sign_in(browser(app), firm, "administrator") for _ in range(PRESSES)]
    together, answers = threading.Barrier(PRESSES), []

    def once(client: FlaskClient) -> None:
        together.wait()
        answer = post(client, path, form, page=page)
        answers.append((answer.status_code, answer.location))

    threads = [threading.Thread(target=once, args=(client,)) for client in windows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.parametrize("do", ["link", "create"])
def test_choosing_links_once_and_leads_each_press_to_the_same_page(
    zoho: ZohoStandIn, app: Flask, firm: Firm, world: World, do: str
) -> None:
    user = f"twice-{do}@firm.example"
    made = zoho.control("POST", "/orgs", {"user": user, "dc": "eu", "name": "Ours", "currency_code": "GBP"})
    admin = sign_in(browser(app), firm, "administrator")
    chosen = admin.get(consent(admin, user=f"eu:{user}")).location
    form = chosen_is(str(made["organization_id"]))
    if do == "create":
        form = {"do": "create", "wished_name": "Made once", "is_right_account": "1"}
    assert press(app, firm, chosen, form, chosen) == [(303, "/books/setup")] * PRESSES
    assert history(world, firm.organisation_id) == ["zoho linked"]
    (steps,) = owner_rows(
        world, "SELECT setup_steps FROM links WHERE organisation_id = :id", id=firm.organisation_id
    )  # fmt: skip
    assert "again" not in steps[0]  # none took it for an organisation that had been linked before


def test_going_over_and_disconnecting_are_told_once_too(linked: LinkedFirm, app: Flask, world: World) -> None:
    admin = sign_in(browser(app), linked.firm, "administrator")
    other = another(linked)
    chosen = admin.get(consent(admin, user=f"eu:{linked.user}")).location
    today = clock.today("Europe/London").isoformat()
    form = chosen_is(other) | {"cut_over_on": today, "is_sure": "1"}
    assert press(app, linked.firm, chosen, form, chosen) == [(303, "/books/setup")] * PRESSES
    told = ["zoho linked", "zoho unlinked", "zoho linked", "zoho switched"]
    assert history(world, linked.organisation_id) == told
    assert press(app, linked.firm, "/books/end", {"is_sure": "1"}, "/books") == [(303, "/books")] * PRESSES
    assert history(world, linked.organisation_id) == [*told, "zoho unlinked"]


def test_the_later_press_finds_what_the_first_has_done(linked: LinkedFirm, world: World) -> None:
    """Both looked before either began."""
    old, other = linked.link(), another(linked)
    candidate = rules.Candidate(other, "Other books", old.product, "GBP", "", "")
    with job_session(linked.organisation_id) as session:
        session.add(chosen := Consent(organisation_id=linked.organisation_id, data_centre="eu", **UNUSED))
    found: list[Link] = []

    def go_over() -> None:
        with job_session(linked.organisation_id) as session:
            tied, _ = switching.switch(
                session, session.get_one(Link, old.id), session.get_one(Consent, chosen.id), candidate,
                cut_over_on=clock.today("Europe/London"), connected_by=None,
            )  # fmt: skip
            found.append(tied)

    def end() -> None:
        with job_session(linked.organisation_id) as session:
            assert switching.end_link(session, session.get_one(Link, found[0].id)) == []

    together(linked, go_over)
    assert found[0].id == found[1].id and found[0].cut_over_on is not None
    with job_session(linked.organisation_id) as session:
        switching.end_link(session, session.get_one(Link, found[0].id))
    end()
    told = ["zoho linked", "zoho unlinked", "zoho linked", "zoho switched", "zoho unlinked"]
    assert history(world, linked.organisation_id) == told


def together(linked: LinkedFirm, verb: Callable[[], object]) -> None:
    """Two begin while a worker holds the link; neither keeps a row meanwhile that the worker may need."""
    threads = [threading.Thread(target=verb) for _ in range(2)]
    with job_session(linked.organisation_id) as session:
        session.execute(text("SELECT id FROM links FOR UPDATE"))
        for thread in threads:
            thread.start()
        wait_until(lambda: session.execute(WAITS).scalar_one(), what="a press waits")
        session.execute(text("SELECT id FROM organisations FOR NO KEY UPDATE NOWAIT"))
    for thread in threads:
        thread.join()


def test_a_second_consent_of_the_same_firm_waits_without_keeping_the_firm(linked: LinkedFirm) -> None:
    tied = linked.link()
    candidate = rules.Candidate(linked.remote, tied.remote_name, tied.product, "GBP", "", "")
    with job_session(linked.organisation_id) as session:
        session.add(renewed := Consent(organisation_id=linked.organisation_id, data_centre="eu", **UNUSED))

    def renew() -> None:
        with job_session(linked.organisation_id) as session:
            linking.attach(session, session.get_one(Consent, renewed.id), candidate, connected_by=None)

    together(linked, renew)
    assert linked.link().consent_id == renewed.id
