"""Zoho's stamps have whole seconds: what a bookkeeper changes in the second of our own write carries the stamp of ours.
It is never taken for the echo of it; and the echo itself costs two calls at most, and then none."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from portal.accounting.mirror.drain import drain
from portal.customers.models import Address
from portal.invoices.models import Invoice
from portal.shared.running import job_session
from tests.builders import Firm
from tests.portal.accounting.both_ways import act, both_ways, look, questions
from tests.portal.accounting.doings import credit, pay, rename, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, ZohoStandIn, connect, zoho

__all__ = ["zoho"]
MODULES = ("customer", "item", "payment", "credit_note", "invoice")


@pytest.fixture(params=["books", "invoice"])
def linked(zoho: ZohoStandIn, firm: Firm, request: pytest.FixtureRequest) -> LinkedFirm:
    zoho.mend()
    return both_ways(connect(zoho, firm, product=request.param), *MODULES)


def in_one_second(linked: LinkedFirm, module: str, ours: Callable[[], int], theirs: Callable[[str], object]) -> str:
    """Our write, and theirs after it, within one second of Zoho's clock. The record's id there."""
    linked.change("UPDATE pull_cursors SET next_look_at = clock_timestamp() + interval '1 hour'")
    with standing_clock(linked):
        local_id = ours()
        drain(linked.organisation_id)
        (record,) = [each for each in linked.mirror(module) if each.local_id == local_id]
        theirs(record.remote_id or "")
    return record.remote_id or ""


@contextmanager
def standing_clock(linked: LinkedFirm) -> Iterator[None]:
    path = f"/orgs/{linked.remote}/settings"
    linked.zoho.control("POST", path, {"stopped_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S%z")})
    yield
    linked.zoho.control("POST", path, {"stopped_at": ""})


def drained_invoice(linked: LinkedFirm) -> Invoice:
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    return invoice


def asked_about(linked: LinkedFirm, remote_id: str) -> list[tuple[str, str]]:
    return [(each.kind, each.field) for each in questions(linked) if each.remote_id == remote_id]


def calls_of_a_look(linked: LinkedFirm) -> int:
    linked.zoho.forget_requests()
    look(linked)
    asked = [one["method"] for one in linked.zoho.requests(linked.remote)]
    assert set(asked) == {"GET"}
    return len(asked) - len(MODULES)  # beyond one list of each module


def is_silent(linked: LinkedFirm) -> bool:
    """Once the second of the write is over for sure."""
    linked.change("UPDATE mirror_records SET pushed_at = pushed_at - interval '1 minute'")
    look(linked)
    return [calls_of_a_look(linked) for _cycle in range(3)] == [0, 0, 0]


def test_an_invoice_voided_there_in_the_second_in_which_we_sent_it_is_asked_about(linked: LinkedFirm) -> None:
    theirs = in_one_second(
        linked, "invoice", lambda: sent_invoice(linked).id,
        lambda remote_id: act(linked, f"POST /invoices/{remote_id}/status/void"),
    )  # fmt: skip
    calls_of_a_look(linked)
    assert ("status", "void") in asked_about(linked, theirs)
    assert is_silent(linked)


def test_a_line_changed_there_in_the_second_in_which_we_sent_it_is_a_difference(linked: LinkedFirm) -> None:
    theirs = in_one_second(
        linked, "invoice", lambda: sent_invoice(linked).id,
        lambda remote_id: act(
            linked, f"PUT /invoices/{remote_id}", line_items=[{"name": "Otherwise", "rate": 7, "quantity": 1}]
        ),
    )  # fmt: skip
    look(linked)
    (record,) = [each for each in linked.mirror("invoice") if each.remote_id == theirs]
    assert record.state == "mismatch"
    assert is_silent(linked)


def test_a_payment_taken_off_its_invoice_there_in_the_second_in_which_we_recorded_it(linked: LinkedFirm) -> None:
    invoice = drained_invoice(linked)
    theirs = in_one_second(
        linked, "payment", lambda: pay(linked, invoice, 100),
        lambda remote_id: act(linked, f"PUT /customerpayments/{remote_id}", invoices=[]),
    )  # fmt: skip
    look(linked)
    assert ("status", "uses") in asked_about(linked, theirs)
    assert is_silent(linked)


def test_a_credit_note_voided_there_in_the_second_in_which_we_made_it(linked: LinkedFirm) -> None:
    invoice = drained_invoice(linked)
    theirs = in_one_second(
        linked, "credit_note", lambda: credit(linked, invoice, share="0.01", keep=True).id,
        lambda remote_id: act(linked, f"POST /creditnotes/{remote_id}/status/void"),
    )  # fmt: skip
    look(linked)
    assert ("status", "credit void") in asked_about(linked, theirs)
    assert is_silent(linked)


def test_an_address_changed_there_in_the_second_in_which_we_renamed_its_customer(linked: LinkedFirm) -> None:
    def rename_it() -> int:
        rename(linked, "Maple & Sons")
        return linked.firm.customer_id

    in_one_second(
        linked, "customer", rename_it,
        lambda remote_id: act(linked, f"PUT /contacts/{remote_id}", billing_address={"city": "Elsewhere"}),
    )  # fmt: skip
    look(linked)
    with job_session(linked.organisation_id) as session:
        here = select(Address.city).where(Address.customer_id == linked.firm.customer_id)
        assert "Elsewhere" in session.scalars(here).all()
    assert is_silent(linked)


def test_echoes_of_our_own_writes_cost_two_calls_at_most(linked: LinkedFirm) -> None:
    look(linked)
    for deed in (
        lambda: pay(linked, sent_invoice(linked), 5000),
        lambda: credit(linked, sent_invoice(linked), share="0.1"),
        lambda: rename(linked, "Maple & Sons"),
    ):
        deed()
        linked.change("UPDATE pull_cursors SET next_look_at = clock_timestamp() + interval '1 hour'")
        drain(linked.organisation_id)
        assert calls_of_a_look(linked) <= 2
        assert is_silent(linked)
    assert questions(linked) == [] and {record.state for record in linked.mirror()} == {"in_step"}
