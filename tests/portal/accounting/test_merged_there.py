"""A customer who was merged into another in Zoho: noticed at the second sighting, asked about, carried on there."""

import pytest

from portal.accounting.mirror.drain import drain
from portal.accounting.models import MirrorRecord
from portal.customers.models import Customer
from portal.invoices.models import Invoice
from portal.payments.models import Payment
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import act, look, questions
from tests.portal.accounting.doings import pay, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_payments_back import billed, compare_at_night, decide, paid_there

__all__ = ["billed", "linked", "zoho"]


def merge(linked: LinkedFirm, into: str) -> str:
    """Somebody in Zoho merges our customer into the one of this name."""
    before = {each["contact_name"]: each["contact_id"] for each in linked.there("contacts")}
    (ours,) = (each for name, each in before.items() if name != into)
    act(linked, f"POST /contacts/{ours}/merge", contact_id=before[into])
    return str(before[into])


@pytest.mark.parametrize("is_known", [True, False])
def test_what_is_new_goes_to_the_one_he_was_merged_into(billed: tuple[LinkedFirm, Invoice], is_known: bool) -> None:
    linked, invoice = billed
    act(linked, "POST /contacts", contact_name="Maple Group")
    if is_known:
        look(linked)
    into = merge(linked, "Maple Group")
    if not is_known:
        linked.change("UPDATE pull_cursors SET next_look_at = NULL WHERE module = 'customer'")
    look(linked)
    assert questions(linked) == []  # no list of changes tells it
    compare_at_night(linked)
    (asked,) = questions(linked)
    assert (asked.kind, asked.field, asked.theirs) == ("gone", "merged", "part of Maple Group")
    decide(linked, "join")
    pay(linked, invoice, 5000)
    second = sent_invoice(linked)
    drain(linked.organisation_id)
    if not is_known:  # he is the customer there now: which name counts is asked
        assert {asked.field for asked in questions(linked)} >= {"name"}
    there = {each["invoice_number"]: each["customer_id"] for each in linked.there("invoices")}
    assert there == {invoice.number: into, second.number: into}
    assert [each["customer_id"] for each in linked.there("customerpayments")] == [into]
    paid_there(linked, invoice, 20)
    look(linked)
    with job_session(linked.organisation_id) as session:
        assert {payment.customer_id for payment in session.query(Payment)} == {invoice.customer_id}
        assert session.query(Customer).count() == 1 + is_known
        troubled = session.query(MirrorRecord).filter(MirrorRecord.state.in_(("failed", "mismatch"))).count()
    assert troubled == 0
