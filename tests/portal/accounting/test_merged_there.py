"""A customer who was merged into another in Zoho: noticed at the second sighting, asked about, carried on there. The
first call that is refused for it is one sighting."""

import pytest

from portal.accounting.mirror.drain import drain
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import decisions
from portal.customers.models import Customer
from portal.invoices.models import Invoice
from portal.payments.models import Payment
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import act, both_ways, look, questions
from tests.portal.accounting.doings import pay, rename, sent_invoice
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


@pytest.fixture(params=["one way", "both ways"])
def merged(linked: LinkedFirm, request: pytest.FixtureRequest) -> tuple[LinkedFirm, Invoice, str]:
    """Our customer was merged into another a moment ago; before that, an invoice went over."""
    invoice = sent_invoice(linked)
    drain(linked.organisation_id)
    if request.param == "both ways":
        both_ways(linked, "customer", "item", "invoice", "payment")
    act(linked, "POST /contacts", contact_name="Maple Group")
    into = merge(linked, "Maple Group")
    linked.change("UPDATE pull_cursors SET next_look_at = next_look_at + interval '1 hour'")
    return linked, invoice, into


def do(linked: LinkedFirm, what: str, invoice: Invoice) -> None:
    if what == "invoice":
        sent_invoice(linked)
    elif what == "payment":
        pay(linked, invoice, 5000)
    else:
        rename(linked, "Maple Dental & Sons")
    drain(linked.organisation_id)


@pytest.mark.parametrize("what", ["invoice", "payment", "customer"])
def test_the_first_refused_call_asks_at_once_and_all_goes_on_after_the_answer(
    merged: tuple[LinkedFirm, Invoice, str], what: str
) -> None:
    linked, invoice, into = merged
    do(linked, what, invoice)
    (asked,) = questions(linked)
    assert (asked.module, asked.kind, asked.field, asked.theirs) == (
        "customer",
        "gone",
        "merged",
        "part of Maple Group",
    )
    assert [each["contact_id"] for each in linked.there("contacts")] == [into]  # nobody was made again
    assert [record.state for record in linked.mirror("customer")] == ["conflict"]
    assert not [record for record in linked.mirror() if record.state in ("failed", "mismatch")]
    linked.zoho.forget_requests()
    for _ in range(2):
        linked.make_due()
        drain(linked.organisation_id)
    assert linked.zoho.requests(linked.remote, "POST") == linked.zoho.requests(linked.remote, "PUT") == []
    decide(linked, "join")
    for each in questions(linked):  # he is the customer there now: which name counts is asked
        assert each.kind == "field"
        answer(linked, each.id, "ours")
    linked.make_due()
    drain(linked.organisation_id)
    assert {record.state for record in linked.mirror()} == {"in_step"}
    assert {each["customer_id"] for module in ("invoices", "customerpayments") for each in linked.there(module)} == {
        into
    }
    assert len(linked.there("invoices")) == 1 + (what == "invoice")
    assert len(linked.there("customerpayments")) == (what == "payment")


def test_who_was_deleted_there_is_asked_about_and_made_again_only_then(linked: LinkedFirm) -> None:
    rename(linked, "Maple")
    drain(linked.organisation_id)
    (there,) = linked.there("contacts")
    act(linked, f"DELETE /contacts/{there['contact_id']}")
    do(linked, "invoice", Invoice())
    (asked,) = questions(linked)
    assert (asked.kind, asked.field, asked.theirs) == ("gone", "", "deleted") and linked.there("contacts") == []
    decide(linked, "again")
    assert {record.state for record in linked.mirror()} == {"in_step"}
    assert len(linked.there("contacts")) == len(linked.there("invoices")) == 1


def test_ended_here_nothing_more_is_asked_and_what_is_new_says_what_is_missing(
    merged: tuple[LinkedFirm, Invoice, str],
) -> None:
    linked, invoice, _into = merged
    do(linked, "payment", invoice)
    decide(linked, "end")
    for _ in range(2):
        linked.make_due()
        drain(linked.organisation_id)
    assert questions(linked) == [] and [each.state for each in linked.mirror("payment")] == ["failed"]


def test_something_else_that_is_gone_is_no_customers_matter(linked: LinkedFirm) -> None:
    drain(linked.organisation_id)
    linked.zoho.break_down("status", path="/invoices", status=404, code=1002, message="Template does not exist.")
    do(linked, "invoice", Invoice())
    assert questions(linked) == [] and [each.state for each in linked.mirror("invoice")] == ["failed"]
    assert [each.state for each in linked.mirror("customer")] == ["in_step"]


def answer(linked: LinkedFirm, question_id: int, decision: str) -> None:
    with job_session(linked.organisation_id) as session:
        assert decisions.decide(session, question_id, decision, by="Mo Manager", person_id=0)
    drain(linked.organisation_id)
