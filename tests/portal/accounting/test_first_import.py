"""The first import: a dry run that writes nothing, decisions by people, and a taking over that can be killed."""

import re
import threading
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update

from portal.accounting.mirror.drain import drain
from portal.accounting.models import ImportRow, Link, MirrorRecord
from portal.accounting.setup import steps, taking
from portal.catalogue.models import Item
from portal.customers.actions import CustomerFacts, add_customer
from portal.customers.models import Contact, Customer
from portal.organisations.models import AuditEntry
from portal.shared import outbox
from portal.shared.running import job_session
from tests.builders import Firm, make_invoice, post, sign_in
from tests.conftest import World, browser
from tests.portal.accounting.doings import rename
from tests.portal.accounting.stand_in import LinkedFirm, ZohoStandIn, connect, zoho
from tests.security.estate import rows

__all__ = ["zoho"]
PAGE = "/books/setup/match"


@pytest.fixture(params=["books", "invoice"])
def linked(zoho: ZohoStandIn, firm: Firm, request: pytest.FixtureRequest) -> LinkedFirm:
    """A firm whose organisation holds customers and items already: a sure one, an unsure one, and two new ones."""
    zoho.mend()
    found = connect(zoho, firm, product=request.param)
    for name, email in (
        ("Maple Dental Practice", "reception@maple.example"), ("Rita Okafor", ""), ("Harbour Hotel", "h@h.example"),
    ):  # fmt: skip
        person = {"first_name": name.split()[0], "last_name": name.split()[-1], "email": email}
        phone = {"phone": "0113 496 0000"} if name == "Rita Okafor" else {}
        body = {"contact_name": name, "contact_persons": [person | phone], "payment_terms": 30,
                "billing_address": {"address": "1 Quay", "city": "Hull", "zip": "HU1", "country": "U.K"}}  # fmt: skip
        zoho.act(found.remote, "POST /contacts", body)
    for sku, name, rate in (("SV-02", "Labour", 64), ("", "Thermostat", 64.5)):
        zoho.act(found.remote, "POST /items", {"name": name, "rate": rate, "sku": sku, "product_type": "service"})
    with job_session(found.organisation_id) as session:
        link = session.merge(found.link())
        steps.begin(session, link, is_new=False)
        steps.finish(session, link, steps.TAXES)
    return found


@pytest.fixture
def admin(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "administrator")


def test_no_module_goes_on_before_the_set_up_is_finished(linked: LinkedFirm, admin: FlaskClient) -> None:
    """Else customers would go over that were never compared with those there: doubles."""
    assert ">Resume<" not in admin.get("/books").text
    answer = post(admin, "/books/modules", {"module": "customer", "do": "resume", "is_sure": "1"}, page="/books")
    assert "Finish the set-up" in admin.get(answer.location).text
    before = len(linked.there("contacts"))
    with job_session(linked.organisation_id) as session:
        make_invoice(session, linked.firm)
    drain(linked.organisation_id)
    assert len(linked.there("contacts")) == before


def press(client: FlaskClient, linked: LinkedFirm, **fields: object) -> Any:
    """One press of the page, and what the workers do about it."""
    answer = post(client, PAGE, fields, page=PAGE)
    drain(linked.organisation_id)
    return answer


def ours(linked: LinkedFirm, model: type[Any]) -> list[Any]:
    with job_session(linked.organisation_id) as session:
        return list(session.scalars(select(model).order_by(model.id)))


def found(linked: LinkedFirm) -> dict[str, str]:
    return {str(row.facts.get("contact_name") or row.facts["name"]): row.found for row in ours(linked, ImportRow)}


def test_the_dry_run_counts_and_writes_nothing_on_either_side(
    linked: LinkedFirm, admin: FlaskClient, world: World
) -> None:
    admin.get(PAGE)
    drain(linked.organisation_id)  # what rests is noted by the workers, import or not
    linked.zoho.forget_requests()
    before = rows(world)
    press(admin, linked, do="read")
    after = rows(world)
    assert {table for table in before if before[table] != after[table]} <= {"import_rows", "links"}
    assert {one["method"] for one in linked.zoho.requests(linked.remote)} == {"GET"}
    page = re.sub("<[^>]+>", " ", admin.get(PAGE).text)
    assert "1 new · 1 matched · 1 unsure" in page and "1 new · 1 matched · 0 unsure" in page
    assert found(linked) == {"Maple Dental Practice": "matched", "Rita Okafor": "unsure", "Harbour Hotel": "new",
                             "Labour": "matched", "Thermostat": "new"}  # fmt: skip


def test_an_unsure_pair_is_shown_side_by_side_and_must_be_decided(linked: LinkedFirm, admin: FlaskClient) -> None:
    press(admin, linked, do="read")
    page = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", admin.get(PAGE).text))
    assert "Here Maple Dental Practice · C-00001" in page and "In Zoho Rita Okafor" in page and "phone" in page
    refused = press(admin, linked, do="take")
    assert refused.status_code == 422 and "Decide the 1 unsure first" in refused.text
    assert len(ours(linked, Customer)) == 1


def test_what_is_taken_over_is_matched_or_made_once_and_nothing_is_created_there(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    press(admin, linked, do="read")
    pair = next(row for row in ours(linked, ImportRow) if row.found == "unsure")
    press(admin, linked, do="decide", **{f"pair_{pair.id}": "new"})
    press(admin, linked, do="take")
    names = [one.name for one in ours(linked, Customer)]
    assert sorted(names) == ["Harbour Hotel", "Maple Dental Practice", "Rita Okafor"]
    harbour = next(one for one in ours(linked, Customer) if one.name == "Harbour Hotel")
    assert (harbour.email, harbour.payment_terms_days) == ("h@h.example", 30)
    assert "Thermostat" in [one.name for one in ours(linked, Item)]
    post(admin, "/books/setup/start", {}, page="/books/setup")
    linked.zoho.forget_requests()
    drain(linked.organisation_id)
    assert linked.zoho.requests(linked.remote, "POST", "/contacts") == []
    assert len(linked.there("contacts")) == 3
    assert sorted(one["name"] for one in linked.there("items")) == [
        "Annual gas boiler service", "Expansion vessel, 12 l", "Labour", "Thermostat",
    ]  # fmt: skip


def test_an_edit_after_the_import_drops_none_of_their_persons(linked: LinkedFirm, admin: FlaskClient) -> None:
    press(admin, linked, do="read")
    press(admin, linked, do="decide", all="skip")
    press(admin, linked, do="take")
    post(admin, "/books/setup/start", {}, page="/books/setup")
    drain(linked.organisation_id)
    before = next(one for one in linked.there("contacts") if one["contact_name"].startswith("Maple"))
    rename(linked, "Maple Dental")
    drain(linked.organisation_id)
    after = next(one for one in linked.there("contacts") if one["contact_id"] == before["contact_id"])
    ids = {one["contact_person_id"] for one in before["contact_persons"]}
    assert after["contact_name"] == "Maple Dental"
    assert ids <= {one["contact_person_id"] for one in after["contact_persons"]}
    assert len(ours(linked, Contact)) >= 2


def words_of(client: FlaskClient, **query: str) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", client.get(PAGE, query_string=query).text))


def test_a_matched_pair_says_what_differs_and_what_stands_here_goes_over_next(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    labour = next(one for one in linked.there("items") if one["name"] == "Labour")
    linked.zoho.act(linked.remote, f"PUT /items/{labour['item_id']}", {"rate": 71.5, "unit": "hour"})
    press(admin, linked, do="read")
    assert "Price: 64.00 here, 71.50 in Zoho" in words_of(admin)
    assert "1 matched, but not equal" in words_of(admin)
    press(admin, linked, do="decide", all="skip")
    press(admin, linked, do="take")
    post(admin, "/books/setup/start", {}, page="/books/setup")
    drain(linked.organisation_id)

    def price_there() -> float:
        return float(next(one for one in linked.there("items") if one["name"] == "Labour")["rate"])

    assert price_there() == 71.5
    with job_session(linked.organisation_id) as session:
        item = session.scalars(select(Item).where(Item.name == "Labour")).one()
        item.description = "By the hour"
        outbox.record(session, linked.organisation_id, "item", item.id)
    drain(linked.organisation_id)
    assert price_there() == 64


def test_a_decision_is_seen_again_and_may_be_changed_until_it_is_taken_over(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    press(admin, linked, do="read")
    pair = next(row for row in ours(linked, ImportRow) if row.found == "unsure")
    press(admin, linked, do="decide", **{f"pair_{pair.id}": "skip"})
    shown = admin.get(PAGE).text
    assert "1 decided" in shown and re.search(rf'name="pair_{pair.id}" value="skip"[^>]*checked', shown)
    press(admin, linked, do="decide", **{f"pair_{pair.id}": "new"})
    press(admin, linked, do="take")
    assert "Rita Okafor" in [one.name for one in ours(linked, Customer)]
    assert "1 decided" not in admin.get(PAGE).text


def test_a_sure_match_may_be_parted(linked: LinkedFirm, admin: FlaskClient) -> None:
    press(admin, linked, do="read")
    rows_ = {row.facts.get("contact_name"): row for row in ours(linked, ImportRow)}
    press(admin, linked, do="decide", all="skip")
    press(admin, linked, do="decide", **{f"pair_{rows_['Maple Dental Practice'].id}": "skip"})
    assert "2 decided" in words_of(admin)
    press(admin, linked, do="take")
    assert [one.remote_id for one in ours(linked, MirrorRecord) if one.module == "customer" and one.remote_id] == [
        rows_["Harbour Hotel"].remote_id
    ]


@pytest.mark.parametrize(
    "fields",
    [{}, {"do": "jump"}, {"do": "decide"}, {"do": "decide", "all": "perhaps"}, {"do": "decide", "pair_x": "same"},
     {"do": "decide", "pair_1": "perhaps"}],
)  # fmt: skip
def test_what_the_page_does_not_ask_is_an_error_and_changes_nothing(
    linked: LinkedFirm, admin: FlaskClient, fields: dict[str, str]
) -> None:
    press(admin, linked, do="read")
    answer = press(admin, linked, **fields)
    assert answer.status_code == 422 and ("Nothing was changed" in answer.text or "at least one pair" in answer.text)
    assert {row.decision for row in ours(linked, ImportRow)} == {""}


@pytest.mark.parametrize("fails_at", [1, 2])
def test_an_import_that_breaks_off_goes_on_without_a_duplicate(
    linked: LinkedFirm, admin: FlaskClient, fails_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(admin, linked, do="read")
    press(admin, linked, do="decide", all="new")
    real, calls = taking.take_one, iter(range(1, 100))

    def killed(*given: Any) -> None:
        real(*given)
        if next(calls) == fails_at:
            raise KeyboardInterrupt

    monkeypatch.setattr(taking, "take_one", killed)
    with pytest.raises(KeyboardInterrupt):
        press(admin, linked, do="take")
    monkeypatch.undo()
    let_go(linked)
    assert sum(row.done_at is not None for row in ours(linked, ImportRow)) == fails_at
    drain(linked.organisation_id)  # nobody has to press again
    assert len(ours(linked, Customer)) == 3 and len(ours(linked, Item)) == 4
    tied = [(one.module, one.remote_id) for one in ours(linked, MirrorRecord) if one.remote_id]
    assert len(tied) == len(set(tied)) == 5


def let_go(linked: LinkedFirm) -> None:
    """As when the lease of a killed worker has run out, or Zoho's minute is over."""
    with job_session(linked.organisation_id) as session:
        session.execute(update(Link).values(lease_until=None, quiet_until=None))


def test_when_zoho_asks_for_quiet_the_import_goes_on_by_itself_afterwards(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    press(admin, linked, do="read")
    press(admin, linked, do="decide", all="new")
    linked.zoho.break_down("code_44", method="GET", path="/contacts/")
    press(admin, linked, do="take")
    page = admin.get(PAGE).text
    assert "It goes on by itself" in page and 'value="pause"' in page
    let_go(linked)
    drain(linked.organisation_id)
    assert "are matched or taken over" in admin.get(PAGE).text
    assert len(ours(linked, Customer)) == 3


def test_a_pause_is_kept_until_somebody_goes_on(linked: LinkedFirm, admin: FlaskClient) -> None:
    post(admin, PAGE, {"do": "read"}, page=PAGE)
    press(admin, linked, do="pause")
    assert ours(linked, ImportRow) == []
    press(admin, linked, do="read")
    assert len(ours(linked, ImportRow)) == 5


def test_the_sweeper_rings_for_an_import_at_work(linked: LinkedFirm, admin: FlaskClient) -> None:
    query = text("SELECT count(*) FROM gate.due_imports(clock_timestamp()) WHERE organisation_id = :id")

    def is_rung() -> bool:
        with job_session(linked.organisation_id) as session:
            return bool(session.scalar(query, {"id": linked.organisation_id}))

    assert not is_rung()
    post(admin, PAGE, {"do": "read"}, page=PAGE)
    assert is_rung()
    drain(linked.organisation_id)
    assert not is_rung()


def test_a_customer_that_is_gone_meanwhile_holds_up_no_other(linked: LinkedFirm, admin: FlaskClient) -> None:
    press(admin, linked, do="read")
    press(admin, linked, do="decide", all="new")
    gone = next(row.remote_id for row in ours(linked, ImportRow) if row.found == "new" and row.module == "customer")
    linked.zoho.act(linked.remote, f"DELETE /contacts/{gone}")
    press(admin, linked, do="take")
    page = admin.get(PAGE).text
    assert "does not show it any more" in page and "are matched or taken over" in page
    assert sorted(one.name for one in ours(linked, Customer)) == ["Maple Dental Practice", "Rita Okafor"]


def test_workers_that_look_meanwhile_change_nothing_about_the_import(linked: LinkedFirm, admin: FlaskClient) -> None:
    """The sweeper rings all the time; what rests is noted by the workers, and must still be matched."""
    drain(linked.organisation_id)
    press(admin, linked, do="read")
    drain(linked.organisation_id)
    press(admin, linked, do="decide", all="skip")
    press(admin, linked, do="take")
    assert [row.problem for row in ours(linked, ImportRow) if row.problem] == []
    post(admin, "/books/setup/start", {}, page="/books/setup")
    drain(linked.organisation_id)
    assert len(linked.there("contacts")) == 3
    assert sum(one["name"] == "Labour" for one in linked.there("items")) == 1


def test_two_records_there_like_one_of_ours_are_both_shown(linked: LinkedFirm, admin: FlaskClient) -> None:
    body = {"contact_name": "Maple dental practice.", "contact_persons": [{"first_name": "Rita"}]}
    linked.zoho.act(linked.remote, "POST /contacts", body)
    press(admin, linked, do="read")
    assert found(linked)["Maple Dental Practice"] == found(linked)["Maple dental practice."] == "unsure"
    press(admin, linked, do="decide", all="same")
    assert {row.decision for row in ours(linked, ImportRow)} == {""}
    shown = words_of(admin)
    assert "3 cannot be answered with all the others" in shown
    assert shown.count("Another record in Zoho is like the same one here.") == 3


def test_who_is_refused_at_confirming_is_decided_once_more_and_arrives(linked: LinkedFirm, admin: FlaskClient) -> None:
    press(admin, linked, do="read")
    pair = next(row for row in ours(linked, ImportRow) if row.found == "unsure")
    linked.change("UPDATE import_rows SET decision = 'same' WHERE id = :id", id=pair.id)  # said before ours was taken
    press(admin, linked, do="take")
    shown = words_of(admin)
    assert "1 could not be made one record" in shown and "tied to another record already" in shown
    assert steps.MATCH not in linked.link().setup_steps and "1 to decide first" in shown
    press(admin, linked, do="decide", all="same")
    assert "tied to another record already" in words_of(admin) and "1 to decide first" in words_of(admin)
    press(admin, linked, do="decide", **{f"pair_{pair.id}": "new"})
    press(admin, linked, do="take")
    assert steps.MATCH in linked.link().setup_steps
    assert sorted(one.name for one in ours(linked, Customer)) == [
        "Harbour Hotel", "Maple Dental Practice", "Rita Okafor",
    ]  # fmt: skip
    assert "tied to another record" not in words_of(admin)


def test_all_at_once_takes_the_pairs_in_which_each_side_is_there_once(linked: LinkedFirm, admin: FlaskClient) -> None:
    with job_session(linked.organisation_id) as session:
        facts = CustomerFacts("business", "Harbour Hotel Ltd", email="h@h.example")
        add_customer(session, linked.organisation_id, facts, form_id=None)
    press(admin, linked, do="read")
    press(admin, linked, do="decide", all="same")
    decided = {row.facts["contact_name"]: row.decision for row in ours(linked, ImportRow) if row.module == "customer"}
    assert decided == {"Maple Dental Practice": "", "Rita Okafor": "", "Harbour Hotel": "same"}
    assert "1 cannot be answered with all the others" in words_of(admin)


def test_two_presses_at_the_same_moment_count_and_are_told_once(linked: LinkedFirm, admin: FlaskClient) -> None:
    both_have_read = threading.Barrier(2, timeout=15)

    def press_it() -> None:
        with job_session(linked.organisation_id) as session:
            link = session.scalars(select(Link)).one()
            both_have_read.wait()
            steps.finish(session, link, steps.MATCH)
            steps.start(session, link)

    presses = [threading.Thread(target=press_it) for _ in range(2)]
    for each in presses:
        each.start()
    for each in presses:
        each.join(20)
    told = [
        entry.action for entry in ours(linked, AuditEntry) if entry.action.startswith(("set-up step", "module resumed"))
    ]
    assert sorted(told) == sorted(["set-up step taxes", "set-up step match", "set-up step start", "module resumed"])


def test_the_start_waits_for_the_import(linked: LinkedFirm, admin: FlaskClient) -> None:
    answer = post(admin, "/books/setup/start", {}, page="/books/setup")
    assert answer.location == "/books/setup"
    assert "Finish First import first" in admin.get("/books/setup").text
    drain(linked.organisation_id)
    assert len(linked.there("contacts")) == 3
