"""The first import: where several of ours are as like one of theirs, a person says which of them it is."""

import re

from flask.testing import FlaskClient

from portal.accounting.models import ImportRow, MirrorRecord
from portal.customers.actions import CustomerFacts, add_customer
from portal.shared.running import job_session
from tests.portal.accounting.stand_in import LinkedFirm, zoho
from tests.portal.accounting.test_first_import import PAGE, admin, linked, ours, press, words_of

__all__ = ["admin", "linked", "zoho"]


def two_alike(linked: LinkedFirm) -> tuple[int, int]:
    """Two of ours that share Harbour Hotel's address."""
    with job_session(linked.organisation_id) as session:
        first, second = (
            add_customer(
                session, linked.organisation_id, CustomerFacts(kind="business", name=name, email="h@h.example"),
                form_id=None,
            ).id
            for name in ("Harbour Bar", "Harbour Rooms")
        )  # fmt: skip
    return first, second


def harbour(linked: LinkedFirm) -> ImportRow:
    (row,) = [each for each in ours(linked, ImportRow) if each.facts.get("contact_name") == "Harbour Hotel"]
    return row


def test_each_of_several_that_are_alike_can_be_chosen(linked: LinkedFirm, admin: FlaskClient) -> None:
    first, second = two_alike(linked)
    press(admin, linked, do="read")
    row = harbour(linked)
    assert (row.found, row.local_id) == ("unsure", first)
    assert "The same as Harbour Bar" in words_of(admin) and "The same as Harbour Rooms" in words_of(admin)
    press(admin, linked, do="decide", **{f"pair_{row.id}": f"same:{second}"})
    assert re.search(rf'name="pair_{row.id}" value="same:{second}"[^>]*checked', admin.get(PAGE).text)
    press(admin, linked, do="decide", all="new")
    press(admin, linked, do="take")
    twins = {one.remote_id: one.local_id for one in ours(linked, MirrorRecord) if one.module == "customer"}
    assert twins[row.remote_id] == second


def test_one_that_is_not_like_it_cannot_be_chosen(linked: LinkedFirm, admin: FlaskClient) -> None:
    first, _ = two_alike(linked)
    press(admin, linked, do="read")
    row = harbour(linked)
    press(admin, linked, do="decide", **{f"pair_{row.id}": f"same:{linked.firm.customer_id}"})
    assert harbour(linked).local_id == first
