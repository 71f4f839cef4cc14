"""Contact persons whom only Zoho knows stay there when a customer goes one way and is edited here."""

from typing import Any

import pytest

from portal.accounting.mirror.drain import drain
from portal.accounting.mirror.persons_there import OurPersons, with_theirs
from portal.customers.models import Contact
from portal.shared import outbox
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import act
from tests.portal.accounting.doings import rename
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_both_ways import at, contact, edit

__all__ = ["linked", "zoho"]

TOM = {"first_name": "Tom", "last_name": "Reed", "email": "tom@maple.example", "designation": "Bookkeeper"}


def persons(linked: LinkedFirm) -> list[dict[str, Any]]:
    return list(contact(linked)["contact_persons"])  # type: ignore[call-overload]


def names(linked: LinkedFirm) -> list[str]:
    return sorted(each["first_name"] for each in persons(linked))


@pytest.fixture
def with_tom(linked: LinkedFirm) -> LinkedFirm:
    """The customer is there with Rita, whom we know; Tom was added there by hand."""
    drain(linked.organisation_id)
    act(linked, "POST /contacts/contactpersons", contact_id=contact(linked)["contact_id"], **TOM)
    assert names(linked) == ["Rita", "Tom"]
    linked.zoho.forget_requests()
    return linked


def test_an_edit_that_touches_no_person_takes_one_call_and_says_nothing_of_persons(with_tom: LinkedFirm) -> None:
    edit(with_tom, payment_terms_days=45)
    drain(with_tom.organisation_id)
    assert (names(with_tom), contact(with_tom)["payment_terms"]) == (["Rita", "Tom"], 45)
    assert [one["method"] for one in with_tom.zoho.requests(with_tom.remote)] == ["PUT"]


def test_an_edit_of_a_person_reads_first_and_keeps_who_is_only_there(with_tom: LinkedFirm) -> None:
    tom = next(each for each in persons(with_tom) if each["first_name"] == "Tom")
    edit(with_tom, phone="0113 496 0001")
    drain(with_tom.organisation_id)
    after = {each["first_name"]: each for each in persons(with_tom)}
    assert after["Rita"]["phone"] == "0113 496 0001"
    assert {key: after["Tom"][key] for key in (*TOM, "contact_person_id")} == {
        key: tom[key] for key in (*TOM, "contact_person_id")
    }
    assert after["Rita"]["is_primary_contact"] and not after["Tom"]["is_primary_contact"]
    assert [one["method"] for one in with_tom.zoho.requests(with_tom.remote)] == ["GET", "PUT"]


def test_who_is_new_here_goes_there_and_whom_they_removed_comes_back_with_our_next_change(
    with_tom: LinkedFirm,
) -> None:
    with job_session(with_tom.organisation_id) as session:
        session.add(
            Contact(
                organisation_id=with_tom.organisation_id, customer_id=with_tom.firm.customer_id, first_name="Una",
                last_name="Field", email="una@maple.example", phone="", is_primary=False,
            )
        )  # fmt: skip
        outbox.record(session, with_tom.organisation_id, "customer", with_tom.firm.customer_id)
    drain(with_tom.organisation_id)
    assert names(with_tom) == ["Rita", "Tom", "Una"]
    rita = next(each for each in persons(with_tom) if each["first_name"] == "Rita")
    act(with_tom, f"DELETE /contacts/contactpersons/{rita['contact_person_id']}")
    edit(with_tom, phone="0113 496 0002")
    drain(with_tom.organisation_id)
    assert names(with_tom) == ["Rita", "Tom", "Una"]


def test_one_of_ours_who_is_called_otherwise_there_is_not_made_twice(with_tom: LinkedFirm) -> None:
    rita = next(each for each in persons(with_tom) if each["first_name"] == "Rita")
    act(with_tom, f"PUT /contacts/contactpersons/{rita['contact_person_id']}", first_name="Margarita")
    edit(with_tom, payment_terms_days=30)
    drain(with_tom.organisation_id)
    assert names(with_tom) == ["Margarita", "Tom"]
    edit(with_tom, phone="0113 496 0003")
    drain(with_tom.organisation_id)
    assert names(with_tom) == ["Rita", "Tom"]


def test_a_lost_answer_to_the_reading_or_the_writing_changes_nothing_of_that(with_tom: LinkedFirm) -> None:
    for kind, method in (("cut_after", "GET"), ("cut_after", "PUT")):
        with_tom.zoho.break_down(kind, method=method, path=at(with_tom))
        edit(with_tom, phone=f"0113 496 {len(kind + method):04}")
        rename(with_tom, f"Maple {method}")
        drain(with_tom.organisation_id)
        with_tom.make_due()
        drain(with_tom.organisation_id)
        assert names(with_tom) == ["Rita", "Tom"]
    assert {each.state for each in with_tom.mirror("customer")} == {"in_step"}


def test_persons_are_known_by_their_ids_and_else_by_what_was_sent() -> None:
    ours = [{"first_name": "Rita", "last_name": "", "email": "", "contact_person_id": "1", "is_primary_contact": True}]
    there = [
        {"contact_person_id": "1", "first_name": "R."},
        {"contact_person_id": "2", "first_name": "Gone", "last_name": None},
        {"contact_person_id": "3", "first_name": "Tom", "is_primary_contact": True, "is_added_in_portal": False},
    ]
    known = OurPersons(frozenset({"1"}), frozenset({("Gone", "", "")}))
    tom = {"contact_person_id": "3", "first_name": "Tom", "is_primary_contact": False}
    assert with_theirs(ours, there, known) == [ours[0], tom]
    assert with_theirs([], there[2:], known) == [tom | {"is_primary_contact": True}]
