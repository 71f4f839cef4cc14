"""Going over to another organisation on a day set in advance: nothing is lost, made twice, or in the wrong one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from portal.accounting.mirror.drain import drain
from portal.accounting.models import Link
from portal.accounting.planned import day as days
from portal.accounting.planned.models import PlannedSwitch
from portal.accounting.planned.queries import open_plan
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import make_credit_note, post, sign_in
from tests.conftest import World, browser
from tests.portal.accounting.doings import pay, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, owner_rows, zoho
from tests.portal.accounting.test_link_pages import chosen_is, consent, start
from tests.portal.accounting.test_switching import another, numbers_in, switch, told_of
from workers.mirror_jobs import look

__all__ = ["linked", "zoho"]
AHEAD = 10


@pytest.fixture
def admin(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "administrator")


def day(days: int) -> str:
    return (clock.today("Europe/London") + timedelta(days=days)).isoformat()


def plan(admin: FlaskClient, linked: LinkedFirm, remote: str, days: int = AHEAD, **more: object) -> Any:
    return switch(admin, linked, remote, cut_over_on=day(days), **more)


def planned(linked: LinkedFirm) -> PlannedSwitch | None:
    with job_session(linked.organisation_id) as session:
        return open_plan(session)


def seen(linked: LinkedFirm, **more: object) -> dict[str, object]:
    """What the form of the page sends."""
    found = planned(linked)
    assert found is not None
    return {"plan": found.id, "was": found.cut_over_on.isoformat(), "is_sure": "1"} | more


@contextmanager
def after(days: int, *, hours: int = 0) -> Iterator[None]:
    """As if so many days had passed, to shortly after noon in London; the database's clock stays."""
    noon = clock.now().replace(hour=12, minute=5) + timedelta(days=days, hours=hours)
    with time_machine.travel(noon, tick=True):
        yield


def look_again(linked: LinkedFirm) -> None:
    """All that a worker does."""
    linked.make_due()
    look_at_plan(linked, look)
    drain(linked.organisation_id)


def look_at_plan(linked: LinkedFirm, looking: Callable[[int], None] = days.look) -> None:
    """What it does about the plan only."""
    linked.change("UPDATE planned_switches SET next_look_at = now() - interval '1 day'")
    looking(linked.organisation_id)


def subjects(world: World, linked: LinkedFirm) -> list[str]:
    rows = owner_rows(
        world, "SELECT DISTINCT subject, min(id) FROM messages WHERE organisation_id = :id AND once LIKE 'books-move:%'"
        " GROUP BY subject ORDER BY min(id)", id=linked.organisation_id,
    )  # fmt: skip
    return [row[0] for row in rows]


def known(linked: LinkedFirm) -> str:
    """Another organisation that was linked once, its set-up finished: it is gone over to without people."""
    other, begun = another(linked), clock.now().isoformat()
    with job_session(linked.organisation_id) as session:
        session.add(Link(
            organisation_id=linked.organisation_id, consent_id=linked.link().consent_id, product="books",
            remote_organisation_id=other, remote_name="Other books", currency="GBP", archived_at=clock.now(),
            setup_steps=dict.fromkeys(("begun", "taxes", "match", "start"), begun),
        ))  # fmt: skip
    return other


def test_a_day_ahead_is_told_asked_about_and_kept_and_nothing_moves_before_it(
    linked: LinkedFirm, admin: FlaskClient, world: World
) -> None:
    other, told = another(linked), f"{clock.today('Europe/London') + timedelta(AHEAD):%-d %b %Y}"
    asked = told_of(admin, linked, other, cut_over_on=day(AHEAD))
    assert f"to Other books on {told}?" in asked and "Nothing is changed yet" in asked and planned(linked) is None
    assert plan(admin, linked, other).location == "/books"
    page = admin.get("/books").text
    assert f"On {told} the books move to Other books" in page and "only people can" in page
    assert "You were about to choose" not in page and f"On {told} the books move to Other books" in page
    invoice = sent_invoice(linked)
    look_again(linked)
    assert numbers_in(linked, linked.remote) == [invoice.number] and numbers_in(linked, other) == []
    assert linked.link().remote_organisation_id == linked.remote and subjects(world, linked) == []
    assert "the books move to" not in admin.get("/customers").text  # not before three days


def test_its_consent_is_kept_however_long_it_takes(linked: LinkedFirm, admin: FlaskClient, world: World) -> None:
    plan(admin, linked, another(linked), days=200)
    linked.change("UPDATE zoho_consents SET created_at = created_at - interval '100 days'")
    with job_session(linked.organisation_id) as session:
        due = text("SELECT count(*) FROM gate.due_consents(clock_timestamp()) WHERE organisation_id = :id")
        assert session.scalar(due, {"id": linked.organisation_id}) == 0
    look(linked.organisation_id)
    assert admin.get(consent(admin, user=f"eu:{linked.user}", wish="again")).location == "/books"  # of the old one
    living = owner_rows(
        world, "SELECT 1 FROM zoho_consents WHERE organisation_id = :id AND revoked_at IS NULL",
        id=linked.organisation_id,
    )  # fmt: skip
    assert len(living) == 2


def test_from_the_day_on_new_invoices_wait_and_what_pays_older_ones_goes_on(
    linked: LinkedFirm, admin: FlaskClient, world: World
) -> None:
    old, other = sent_invoice(linked), another(linked)
    plan(admin, linked, other)
    with after(AHEAD):
        new = sent_invoice(linked)
        pay(linked, new)
        with job_session(linked.organisation_id) as session:
            make_credit_note(session, linked.firm, new)
        pay(linked, old)
        unused = pay(linked, old, 500, applied=0)
        look_again(linked)
        assert numbers_in(linked, linked.remote) == [old.number] and numbers_in(linked, other) == []
        assert [Decimal(str(one["amount"])) for one in linked.there("customerpayments")] == [old.total.decimal]
        assert linked.there("creditnotes") == []
        held = {record.local_id: record.waits_for for record in linked.mirror("invoice") if record.state == "waiting"}
        assert "when the books move to Other books" in held[new.id]
        assert any(record.local_id == unused and record.state == "waiting" for record in linked.mirror("payment"))
        client = sign_in(browser(admin.application), linked.firm, "administrator")
        assert "The books have not moved to Other books yet" in client.get("/books").text
        assert "The books have not moved to Other books yet" in client.get("/customers").text
        assert "when the books move to Other books" in client.get("/books/inbox").text
        assert linked.link().remote_organisation_id == linked.remote
        assert subjects(world, linked) == ["The books have not moved to Other books yet"]
        answer = post(client, "/books/plan/now", seen(linked), page="/books")
        assert answer.location == "/books/setup" and linked.link().remote_organisation_id == other
        start(client, linked.organisation_id)
        linked.make_due()
        drain(linked.organisation_id)
    assert numbers_in(linked, other) == [new.number] and numbers_in(linked, linked.remote) == [old.number]
    amounts = sorted(Decimal(str(one["amount"])) for one in linked.zoho.records(other, "customerpayments"))
    assert amounts == sorted([Decimal(5), new.total.decimal])
    assert len(linked.zoho.records(other, "creditnotes")) == 1 and planned(linked) is None


def test_an_organisation_that_was_linked_before_is_gone_over_to_by_itself_on_its_day(
    linked: LinkedFirm, admin: FlaskClient, world: World
) -> None:
    other = known(linked)
    plan(admin, linked, other)
    assert "It goes over by itself when the day begins" in admin.get("/books").text
    old = sent_invoice(linked)
    drain(linked.organisation_id)
    with after(AHEAD - 1):
        look_at_plan(linked)
        assert linked.link().remote_organisation_id == linked.remote
    with after(AHEAD):
        new = sent_invoice(linked)
        look_again(linked)
        assert linked.link().remote_organisation_id == other and planned(linked) is None
    assert (numbers_in(linked, linked.remote), numbers_in(linked, other)) == ([old.number], [new.number])
    assert subjects(world, linked)[-1] == "The books have moved to Other books"
    assert linked.link().cut_over_on is not None


def test_what_is_still_to_reach_the_old_one_is_waited_for(linked: LinkedFirm, admin: FlaskClient) -> None:
    other = known(linked)
    old = sent_invoice(linked)
    plan(admin, linked, other)
    post(admin, "/books/modules", {"module": "invoice", "do": "pause", "is_sure": "1"}, page="/books")
    with after(AHEAD):
        look_at_plan(linked)
        client = sign_in(browser(admin.application), linked.firm, "administrator")
        assert "Some of it is paused" in client.get("/books").text
        assert linked.link().remote_organisation_id == linked.remote
        post(client, "/books/modules", {"module": "invoice", "do": "resume", "is_sure": "1"}, page="/books")
        drain(linked.organisation_id)
        look_at_plan(linked)
    assert linked.link().remote_organisation_id == other and numbers_in(linked, linked.remote) == [old.number]


def test_called_off_on_the_eve_or_later_all_of_it_goes_to_the_old_one(
    linked: LinkedFirm, admin: FlaskClient, world: World
) -> None:
    plan(admin, linked, another(linked))
    with after(AHEAD):
        new = sent_invoice(linked)
        look_again(linked)
        client = sign_in(browser(admin.application), linked.firm, "administrator")
        asked = client.get(post(client, "/books/plan/end", seen(linked, is_sure=""), page="/books").location).text
        assert "Invoices that waited for the day: 1." in asked and planned(linked) is not None
        form = seen(linked)
        assert post(client, "/books/plan/end", form, page="/books").location == "/books"
        assert post(client, "/books/plan/end", form, page="/books").status_code == 422  # somebody else was quicker
        look_again(linked)
        assert numbers_in(linked, linked.remote) == [new.number] and planned(linked) is None
    page = admin.get("/books/history").text
    assert "called off" in page and "the books move to Other books" in page
    (revoked,) = owner_rows(
        world, "SELECT refresh_token_sealed FROM zoho_consents WHERE organisation_id = :id AND revoked_at IS NOT NULL",
        id=linked.organisation_id,
    )  # fmt: skip
    assert revoked[0] == ""


def test_two_people_at_once_one_moves_the_day_and_the_other_is_told(linked: LinkedFirm, admin: FlaskClient) -> None:
    other = another(linked)
    plan(admin, linked, other)
    form = seen(linked)
    assert post(admin, "/books/plan/day", form | {"cut_over_on": day(20)}, page="/books").location == "/books"
    late = post(admin, "/books/plan/day", form | {"cut_over_on": day(30)}, page="/books")
    assert late.status_code == 422 and "changed the plan or called it off meanwhile" in late.text
    found = planned(linked)
    assert found is not None and found.cut_over_on.isoformat() == day(20)
    again = plan(admin, linked, another(linked, name="Third books"))
    assert again.status_code == 422 and "is planned already" in again.text
    gone = post(admin, "/books/plan/day", seen(linked) | {"cut_over_on": day(-1)}, page="/books")
    assert gone.status_code == 422 and "The first day must be from" in gone.text
    assert "moved from" in admin.get("/books/history").text


def test_moved_to_an_earlier_day_what_the_old_one_has_stays_there(linked: LinkedFirm, admin: FlaskClient) -> None:
    plan(admin, linked, another(linked))
    there = sent_invoice(linked)
    drain(linked.organisation_id)
    post(admin, "/books/plan/day", seen(linked) | {"cut_over_on": day(0)}, page="/books")
    late = sent_invoice(linked)
    pay(linked, there)
    drain(linked.organisation_id)
    assert numbers_in(linked, linked.remote) == [there.number]
    assert len(linked.there("customerpayments")) == 1
    post(admin, "/books/plan/day", seen(linked) | {"cut_over_on": day(1)}, page="/books")
    drain(linked.organisation_id)
    assert numbers_in(linked, linked.remote) == [there.number, late.number]


def test_the_day_is_the_firms_own(linked: LinkedFirm, admin: FlaskClient) -> None:
    other = known(linked)
    with job_session(linked.organisation_id) as session:
        session.execute(text("UPDATE organisations SET time_zone = 'Pacific/Auckland'"))
    first = clock.today("Pacific/Auckland") + timedelta(days=3)
    switch(admin, linked, other, cut_over_on=first.isoformat())
    begins = datetime.combine(first, time(), ZoneInfo("Pacific/Auckland"))
    with time_machine.travel(begins - timedelta(minutes=5), tick=True):
        look_at_plan(linked)
        assert linked.link().remote_organisation_id == linked.remote
    with time_machine.travel(begins + timedelta(minutes=5), tick=True):
        look_at_plan(linked)
    assert linked.link().remote_organisation_id == other


def test_a_portal_that_was_down_over_the_day_goes_over_when_it_is_back(
    linked: LinkedFirm, admin: FlaskClient, world: World
) -> None:
    other = known(linked)
    plan(admin, linked, other)
    with after(AHEAD + 4):
        late = sent_invoice(linked)
        look_again(linked)
    link = linked.link()
    assert link.remote_organisation_id == other and link.cut_over_on is not None
    assert link.cut_over_on.isoformat() == day(AHEAD) and numbers_in(linked, other) == [late.number]
    assert subjects(world, linked) == ["The books have moved to Other books"]


def test_it_is_told_three_days_and_one_day_before_and_each_day_that_it_waits(
    linked: LinkedFirm, admin: FlaskClient, world: World
) -> None:
    plan(admin, linked, another(linked))
    counts = []
    for passed in (AHEAD - 4, AHEAD - 3, AHEAD - 2, AHEAD - 1, AHEAD, AHEAD + 1):
        with after(passed):
            for _ in range(2):
                look_at_plan(linked)
        counts.append(len(owner_rows(
            world, "SELECT 1 FROM messages WHERE organisation_id = :id AND once LIKE 'books-move:%'",
            id=linked.organisation_id,
        )))  # fmt: skip
    assert counts == [0, 1, 1, 2, 3, 4]


def test_each_page_of_who_looks_after_the_books_says_it_from_three_days_before(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    plan(admin, linked, another(linked), days=3)
    told = f"On {clock.today('Europe/London') + timedelta(3):%-d %b %Y} the books move to Other books"
    assert told in admin.get("/customers").text
    assert told not in sign_in(browser(admin.application), linked.firm, "field_agent").get("/").text


def test_disconnecting_calls_it_off_and_says_so(linked: LinkedFirm, admin: FlaskClient, world: World) -> None:
    plan(admin, linked, another(linked))
    with after(AHEAD):
        new = sent_invoice(linked)
        drain(linked.organisation_id)
    asked = admin.get(post(admin, "/books/end", {}, page="/books").location).text
    assert "Going over to Other books" in asked and "is called off" in asked
    post(admin, "/books/end", {"is_sure": "1"}, page="/books")
    assert planned(linked) is None
    assert owner_rows(world, "SELECT 1 FROM zoho_consents WHERE organisation_id = :id AND revoked_at IS NULL",
                      id=linked.organisation_id) == []  # fmt: skip
    with job_session(linked.organisation_id) as session:
        kept = text("SELECT is_settled FROM outbox WHERE subject = 'invoice' AND subject_id = :id")
        assert session.scalar(kept, {"id": new.id}) is False
    assert "called off" in admin.get("/books/history").text


def test_going_over_at_once_takes_the_place_of_the_plan(linked: LinkedFirm, admin: FlaskClient) -> None:
    other = another(linked)
    plan(admin, linked, other)
    asked = told_of(admin, linked, other)
    assert "as planned, is called off" in asked
    assert switch(admin, linked, other).location == "/books/setup"
    assert planned(linked) is None and linked.link().remote_organisation_id == other


def test_another_currency_on_the_day_is_a_reason_to_wait(linked: LinkedFirm, admin: FlaskClient) -> None:
    other = known(linked)
    plan(admin, linked, other)
    linked.zoho.control("POST", f"/orgs/{other}/settings", {"listed": {"currency_code": "EUR"}})
    with after(AHEAD):
        look_at_plan(linked)
        client = sign_in(browser(admin.application), linked.firm, "administrator")
        assert "It keeps its books in EUR, and you bill in GBP." in client.get("/books").text
        refused = post(client, "/books/plan/now", seen(linked), page="/books")
        assert refused.status_code == 422 and "EUR" in refused.text
    assert linked.link().remote_organisation_id == linked.remote


def test_a_lost_permission_of_either_is_told_and_waited_for(linked: LinkedFirm, admin: FlaskClient) -> None:
    other = known(linked)
    plan(admin, linked, other)
    found = planned(linked)
    assert found is not None
    linked.change("UPDATE zoho_consents SET lost_at = now() WHERE id = :id", id=found.consent_id)
    with after(AHEAD):
        look_at_plan(linked)
        client = sign_in(browser(admin.application), linked.firm, "administrator")
        page = client.get("/books").text
        assert "no longer accepts the permission for Other books" in page
        assert "Give permission for Other books again" in page
        assert linked.link().remote_organisation_id == linked.remote
        chosen = client.get(consent(client, user=f"eu:{linked.user}", wish="planned")).location
        assert f'value="{other}" checked' in client.get(chosen).text
        wrong = post(client, chosen, chosen_is(linked.remote), page=chosen)
        assert wrong.status_code == 422 and "Other books" in wrong.text
        assert post(client, chosen, chosen_is(other), page=chosen).location == "/books"
        linked.change("UPDATE zoho_consents SET lost_at = now() WHERE id IN (SELECT consent_id FROM links WHERE"
                      " archived_at IS NULL)")  # fmt: skip
        look_at_plan(linked)
        assert "no longer lets us into" in client.get("/books").text
        assert linked.link().remote_organisation_id == linked.remote
        linked.change("UPDATE zoho_consents SET lost_at = NULL")
        look_at_plan(linked)
    assert linked.link().remote_organisation_id == other


def test_a_new_organisation_made_for_the_firm_begins_by_itself(linked: LinkedFirm, admin: FlaskClient) -> None:
    begun = admin.get(consent(admin, user=f"eu:{linked.user}", wish="new", wished_name="Fresh books")).location
    form = {"do": "create", "wished_name": "Fresh books", "is_right_account": "1", "cut_over_on": day(AHEAD)}
    assert post(admin, begun, form | {"is_sure": "1"}, page=begun).location == "/books"
    with after(AHEAD):
        new = sent_invoice(linked)
        look_again(linked)
        linked.make_due()
        drain(linked.organisation_id)
    link = linked.link()
    assert link.remote_name == "Fresh books" and "start" in link.setup_steps
    assert new.number in numbers_in(linked, link.remote_organisation_id)
