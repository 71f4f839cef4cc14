"""What we wrote comes back in Zoho's lists: it settles in two calls at most, and then nothing is said about it."""

import pytest
from sqlalchemy import select

from portal.accounting.mirror.drain import drain
from portal.accounting.pull import lists
from portal.catalogue.models import Item
from portal.customers.models import Customer
from portal.shared.running import job_session
from tests.builders import Firm
from tests.portal.accounting.both_ways import act, both_ways, look, questions
from tests.portal.accounting.doings import pay, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, ZohoStandIn, connect, zoho

__all__ = ["zoho"]
MODULES = ("customer", "item", "invoice", "payment")


@pytest.fixture(params=["books", "invoice"])
def linked(zoho: ZohoStandIn, firm: Firm, request: pytest.FixtureRequest) -> LinkedFirm:
    zoho.mend()
    return both_ways(connect(zoho, firm, product=request.param), *MODULES)


def calls_of_a_look(linked: LinkedFirm) -> list[str]:
    linked.zoho.forget_requests()
    look(linked)
    return [one["method"] for one in linked.zoho.requests(linked.remote)]


def test_echoes_of_an_invoice_paid_in_part_and_of_edits_there_settle_and_are_silent(linked: LinkedFirm) -> None:
    look(linked)
    pay(linked, sent_invoice(linked), 10000)
    drain(linked.organisation_id)
    first = calls_of_a_look(linked)
    assert set(first) == {"GET"} and len(first) <= len(MODULES) + 2
    (there,) = linked.there("contacts")
    act(linked, f"PUT /contacts/{there['contact_id']}", contact_name="Maple Dental Ltd")
    item = linked.there("items")[0]
    act(linked, f"PUT /items/{item['item_id']}", rate=120)
    linked.change("UPDATE mirror_records SET remote_modified_at = remote_modified_at - interval '2 seconds'"
                  " WHERE module IN ('customer', 'item')")  # fmt: skip
    assert len(calls_of_a_look(linked)) <= len(MODULES) + 2
    for _cycle in range(3):
        assert calls_of_a_look(linked) == ["GET"] * len(MODULES)
    assert questions(linked) == [] and {record.state for record in linked.mirror()} == {"in_step"}


def test_equal_stamps_and_page_edges_skip_nothing_in_either_product(
    linked: LinkedFirm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "PER_PAGE", 2)
    names = [f"Customer {number}" for number in range(5)]
    for name in names:
        act(linked, "POST /contacts", contact_name=name)
        act(linked, "POST /items", name=f"Item of {name}", rate=5, sku=name)
    look(linked)
    with job_session(linked.organisation_id) as session:
        assert set(names) <= set(session.scalars(select(Customer.name)))
        assert set(names) <= set(session.scalars(select(Item.code)))
