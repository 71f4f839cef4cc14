"""What people say about the first import: counted at once, seen again, and said otherwise as long as that can be."""

from flask.testing import FlaskClient

from portal.accounting.mirror.drain import drain
from portal.accounting.models import ImportRow, MirrorRecord
from portal.accounting.setup import steps
from portal.customers.actions import CustomerFacts, add_customer
from portal.customers.models import Customer
from portal.shared.running import job_session
from tests.builders import post
from tests.portal.accounting.stand_in import LinkedFirm, zoho
from tests.portal.accounting.test_first_import import PAGE, admin, linked, ours, press, words_of

__all__ = ["admin", "linked", "zoho"]


def pair(linked: LinkedFirm, name: str) -> str:
    for row in ours(linked, ImportRow):
        if name in (row.facts.get("contact_name"), row.facts.get("name")):
            return f"pair_{row.id}"
    raise AssertionError(name)


def test_the_counts_follow_what_was_decided_one_by_one_and_in_bulk(linked: LinkedFirm, admin: FlaskClient) -> None:
    press(admin, linked, do="read")
    assert "Customers 1 new · 1 matched · 1 unsure Services and parts 1 new · 1 matched · 0 unsure" in words_of(admin)
    press(admin, linked, do="decide", **{pair(linked, "Rita Okafor"): "new"})
    assert "Customers 2 new · 1 matched · 0 unsure" in words_of(admin)
    press(admin, linked, do="decide", **{pair(linked, "Rita Okafor"): "skip"})
    assert "Customers 1 new · 1 matched · 0 unsure · 1 left in Zoho" in words_of(admin)
    press(admin, linked, do="decide", all="leave-new")
    shown = words_of(admin)
    assert "Customers 0 new · 1 matched · 0 unsure · 2 left in Zoho" in shown
    assert "Services and parts 0 new · 1 matched · 0 unsure · 1 left in Zoho" in shown and "3 decided" in shown
    press(
        admin,
        linked,
        do="decide",
        **{pair(linked, "Harbour Hotel"): "new", pair(linked, "Maple Dental Practice"): "new"},
    )
    assert "Customers 2 new · 0 matched · 0 unsure · 1 left in Zoho" in words_of(admin)


def test_each_decision_stands_in_the_history_of_the_link(linked: LinkedFirm, admin: FlaskClient) -> None:
    press(admin, linked, do="read")
    press(admin, linked, do="decide", **{pair(linked, "Rita Okafor"): "skip"})
    press(admin, linked, do="decide", **{pair(linked, "Rita Okafor"): "skip"})  # said already
    press(admin, linked, do="decide", all="leave-new")
    history = admin.get("/books").text
    assert history.count("First import: Rita Okafor: left in Zoho") == 1
    assert "First import: 2 records of Zoho&#39;s: left in Zoho" in history


def test_all_that_was_found_can_be_looked_at_and_decided_otherwise(linked: LinkedFirm, admin: FlaskClient) -> None:
    press(admin, linked, do="read")
    shown = words_of(admin, show="new")
    assert "2 only in Zoho" in shown and "Here nothing like it In Zoho Harbour Hotel" in shown
    assert "2 matched and equal" in words_of(admin, show="matched")
    press(admin, linked, do="decide", **{pair(linked, "Harbour Hotel"): "same"})  # there is nothing that it could be
    assert "1 only in Zoho" not in words_of(admin, show="new")


def test_another_look_at_zoho_keeps_what_was_decided_and_drops_what_is_gone(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    press(admin, linked, do="read")
    press(admin, linked, do="decide", all="leave-new")
    press(admin, linked, do="decide", **{pair(linked, "Rita Okafor"): "skip"})
    gone = next(row for row in ours(linked, ImportRow) if row.facts.get("name") == "Thermostat")
    linked.zoho.act(linked.remote, f"DELETE /items/{gone.remote_id}")
    press(admin, linked, do="again")
    shown = words_of(admin)
    assert "Customers 0 new · 1 matched · 0 unsure · 2 left in Zoho" in shown and "2 decided" in shown
    assert "Services and parts 0 new · 1 matched · 0 unsure" in shown and "Rita Okafor" in shown
    assert "Thermostat" not in admin.get(PAGE).text


def test_what_was_taken_over_is_listed_and_two_that_became_one_are_parted_until_start(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    press(admin, linked, do="read")
    press(admin, linked, do="decide", **{pair(linked, "Rita Okafor"): "skip"})
    press(admin, linked, do="take")
    assert steps.MATCH in linked.link().setup_steps
    shown = words_of(admin, show="taken")
    assert "4 done" in shown and "one with Maple Dental Practice" in shown and "Harbour Hotel taken over here" in shown
    row_id = pair(linked, "Maple Dental Practice").removeprefix("pair_")
    press(admin, linked, do="part", row=row_id)
    assert steps.MATCH not in linked.link().setup_steps
    assert "1 to decide first" in words_of(admin) and "0 matched · 1 unsure" in words_of(admin)
    post(admin, "/books/setup/start", {}, page="/books/setup")
    assert steps.START not in linked.link().setup_steps
    press(admin, linked, do="decide", **{f"pair_{row_id}": "same"})
    press(admin, linked, do="take")
    post(admin, "/books/setup/start", {}, page="/books/setup")
    drain(linked.organisation_id)
    assert len(linked.there("contacts")) == 3
    answer = press(admin, linked, do="part", row=row_id)
    assert answer.status_code == 422 and "They are one record since everything goes over" in answer.text
    tied = [one.remote_id for one in ours(linked, MirrorRecord) if one.module == "customer" and one.remote_id]
    assert len(tied) == 2


def test_what_was_left_in_zoho_can_come_after_the_start(linked: LinkedFirm, admin: FlaskClient) -> None:
    press(admin, linked, do="read")
    press(admin, linked, do="decide", all="skip")
    press(admin, linked, do="take")
    post(admin, "/books/setup/start", {}, page="/books/setup")
    drain(linked.organisation_id)
    press(admin, linked, do="decide", **{pair(linked, "Rita Okafor"): "new"})
    assert 'value="take"' in admin.get(PAGE).text
    press(admin, linked, do="take")
    assert "Rita Okafor" in [one.name for one in ours(linked, Customer)]
    assert len(linked.there("contacts")) == 3


def test_who_is_met_later_and_may_be_ours_is_asked_about_on_the_page_of_the_books(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    press(admin, linked, do="read")
    press(admin, linked, do="decide", all="skip")
    press(admin, linked, do="take")
    post(admin, "/books/setup/start", {}, page="/books/setup")
    post(admin, "/books/modules", {"module": "customer", "do": "both", "is_sure": "1"}, page="/books")
    drain(linked.organisation_id)
    person = {"first_name": "Rita", "phone": "0113 496 0000"}
    linked.zoho.act(linked.remote, "POST /contacts", {"contact_name": "Rita at Maple", "contact_persons": [person]})
    linked.change("UPDATE pull_cursors SET next_look_at = clock_timestamp()")
    drain(linked.organisation_id)
    assert "perhaps yours already: 1" in admin.get("/books").text
    press(admin, linked, do="decide", **{pair(linked, "Rita at Maple"): "new"})
    press(admin, linked, do="take")
    assert "Rita at Maple" in [one.name for one in ours(linked, Customer)]
    assert "perhaps yours already" not in admin.get("/books").text


def test_who_was_added_here_since_the_look_is_asked_about_and_not_made_a_second_time(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    press(admin, linked, do="read")
    with job_session(linked.organisation_id) as session:
        add_customer(
            session, linked.organisation_id, CustomerFacts(kind="business", name="Harbour Hotel"), form_id=None
        )  # fmt: skip
    press(admin, linked, do="decide", **{pair(linked, "Rita Okafor"): "skip"})
    press(admin, linked, do="take")
    assert "Customers 0 new" in words_of(admin) and "1 unsure" in words_of(admin)
    assert [one.name for one in ours(linked, Customer)].count("Harbour Hotel") == 1
    press(admin, linked, do="decide", **{pair(linked, "Harbour Hotel"): "same"})
    press(admin, linked, do="take")
    assert [one.name for one in ours(linked, Customer)].count("Harbour Hotel") == 1
    assert "1 unsure" not in words_of(admin)


def test_a_second_one_that_is_the_same_is_refused_when_it_is_decided(linked: LinkedFirm, admin: FlaskClient) -> None:
    press(admin, linked, do="read")
    rita, maple = pair(linked, "Rita Okafor"), pair(linked, "Maple Dental Practice")
    told = press(admin, linked, do="decide", **{rita: "same", pair(linked, "Harbour Hotel"): "skip"})
    assert told.status_code == 422
    assert "Rita Okafor cannot be the same as well: Maple Dental Practice in Zoho is that one already" in told.text
    decided = {row.facts.get("contact_name"): row.decision for row in ours(linked, ImportRow)}
    assert (decided["Rita Okafor"], decided["Harbour Hotel"]) == ("", "skip")  # what holds is kept
    press(admin, linked, do="decide", **{rita: "same", maple: "skip"})
    assert {row.facts.get("contact_name"): row.decision for row in ours(linked, ImportRow)}["Rita Okafor"] == "same"


def test_what_was_taken_over_meanwhile_is_said_and_one_that_is_linked_by_now_is_no_problem(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    press(admin, linked, do="read")
    rita, hotel = pair(linked, "Rita Okafor"), pair(linked, "Harbour Hotel")
    press(admin, linked, do="decide", **{rita: "new"})
    press(admin, linked, do="take")
    told = press(admin, linked, do="decide", **{hotel: "skip"})
    assert told.status_code == 422 and "Harbour Hotel was taken over meanwhile" in told.text
    linked.change("UPDATE import_rows SET problem = 'Another item has this code.' WHERE id = :id", id=hotel[5:])
    assert "Another item has this code" not in words_of(admin)
