"""What was sent at another rate than its tax stands at in Zoho finds a twin of that rate there: one, made once."""

from datetime import timedelta
from decimal import Decimal

import pytest

from portal.accounting import directions
from portal.accounting.mirror.drain import drain
from portal.accounting.pull import decisions
from portal.catalogue.models import Item
from portal.invoices.models import Invoice
from portal.shared import clock, outbox
from portal.shared.running import job_session
from portal.taxes.actions import change_rate
from portal.taxes.models import Tax
from tests.portal.accounting.both_ways import act, look, questions
from tests.portal.accounting.doings import credit, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_mirror_tax_groups import tax_by_halves
from tests.portal.accounting.test_tax_changes import TODAY

__all__ = ["linked", "zoho"]


def usual(linked: LinkedFirm) -> Tax:
    """The tax of 20 % that every item bears."""
    with job_session(linked.organisation_id) as session:
        return session.get_one(Tax, session.get_one(Item, linked.firm.item_ids[0]).tax_id)


def change(linked: LinkedFirm, tax_id: int, rate: int) -> None:
    with job_session(linked.organisation_id) as session:
        change_rate(session, session.get_one(Tax, tax_id), Decimal(rate), TODAY)


def sent_before(linked: LinkedFirm) -> Invoice:
    with clock.at(clock.now() - timedelta(days=3)):
        return sent_invoice(linked)


def rates(linked: LinkedFirm) -> list[tuple[str, Decimal]]:
    found = [(one["tax_name"], Decimal(str(one["tax_percentage"]))) for one in linked.there("taxes")]
    return sorted(((name, rate) for name, rate in found if rate), key=lambda each: each[1])


def agree(linked: LinkedFirm, *invoices: Invoice) -> None:
    there = {one["invoice_number"]: Decimal(str(one["total"])) for one in linked.there("invoices")}
    assert there == {each.number: each.total.decimal for each in invoices}
    assert {record.state for record in linked.mirror("invoice")} == {"in_step"}


@pytest.mark.parametrize("fault", ["", "error_500_after"])
def test_an_older_rate_has_one_twin_that_is_made_once_and_used_ever_after(linked: LinkedFirm, fault: str) -> None:
    older = [sent_before(linked), sent_before(linked)]
    change(linked, usual(linked).id, 21)
    if fault:
        linked.zoho.break_down(fault, path="/settings/taxes", times=1)
    drain(linked.organisation_id)
    newer = sent_invoice(linked)
    for _ in range(3):
        linked.make_due()
        drain(linked.organisation_id)
    agree(linked, *older, newer)
    assert [rate for _, rate in rates(linked) if rate != 5] == [20, 21]
    later = sent_before(linked)
    assert later.total_minor == older[0].total_minor
    drain(linked.organisation_id)
    agree(linked, *older, newer, later)
    assert [rate for _, rate in rates(linked)].count(20) == 1


def test_a_name_that_is_taken_there_gets_a_number(linked: LinkedFirm) -> None:
    older = sent_before(linked)
    tax = usual(linked)
    act(linked, "POST /settings/taxes", tax_name=f"{tax.name} (20 %)", tax_percentage=7)
    for name in ("One", "Other"):
        act(linked, "POST /settings/taxes", tax_name=name, tax_percentage=20)  # two alike: none is ours for certain
    change(linked, tax.id, 21)
    drain(linked.organisation_id)
    agree(linked, older)
    (twin,) = linked.mirror("tax_rate")
    assert twin.remote_id in {one["tax_id"] for one in linked.there("taxes") if one["tax_percentage"] == 20}
    assert twin.remote_number.startswith(f"{tax.name} (20 %) (")


def test_a_twin_that_was_given_another_rate_there_is_none_any_more(linked: LinkedFirm) -> None:
    older = sent_before(linked)
    change(linked, usual(linked).id, 21)
    drain(linked.organisation_id)
    (twin,) = linked.mirror("tax_rate")
    act(linked, f"PUT /settings/taxes/{twin.remote_id}", tax_percentage=8)
    with job_session(linked.organisation_id) as session:
        directions.resume(session, linked.link(), "tax")
    look(linked)
    later = sent_before(linked)
    drain(linked.organisation_id)
    agree(linked, older, later)
    assert [rate for _, rate in rates(linked) if rate != 5] == [8, 20, 21] and questions(linked) == []


def test_a_group_has_a_twin_of_its_members_older_rates(linked: LinkedFirm) -> None:
    group_id = tax_by_halves(linked)
    older = [sent_before(linked), sent_before(linked)]
    with job_session(linked.organisation_id) as session:
        members = [each.tax_id for each in session.get_one(Tax, group_id).members]
    for each in members:
        change(linked, each, 10)
    newer = sent_invoice(linked)
    drain(linked.organisation_id)
    linked.make_due()
    drain(linked.organisation_id)
    agree(linked, *older, newer)
    groups = [one for one in linked.there("taxes") if one["tax_type"] == "tax_group"]
    assert sorted(Decimal(str(one["tax_percentage"])) for one in groups) == [18, 20]
    assert len(linked.zoho.requests(linked.remote, "POST", "/settings/taxgroups")) == 2


def test_a_credit_note_takes_back_the_rate_that_was_sent(linked: LinkedFirm) -> None:
    older = sent_before(linked)
    change(linked, usual(linked).id, 21)
    drain(linked.organisation_id)
    note = credit(linked, older)
    drain(linked.organisation_id)
    (there,) = linked.there("creditnotes")
    assert Decimal(str(there["total"])) == note.total.decimal
    assert {record.state for record in linked.mirror("credit_note")} == {"in_step"}


def test_a_paper_that_is_there_is_left_alone_when_the_rate_changes(linked: LinkedFirm) -> None:
    older = sent_invoice(linked)
    drain(linked.organisation_id)
    change(linked, usual(linked).id, 21)
    act(linked, f"PUT /settings/taxes/{linked.there('taxes')[0]['tax_id']}", tax_percentage=21)
    with job_session(linked.organisation_id) as session:
        directions.keep(session, linked.link(), "tax", directions.BOTH)
    look(linked)
    linked.zoho.forget_requests()
    with job_session(linked.organisation_id) as session:
        outbox.record(session, linked.organisation_id, "invoice", older.id)
    drain(linked.organisation_id)
    assert linked.zoho.requests(linked.remote, "PUT", "/invoices") == []
    assert linked.mirror("tax_rate") == []


@pytest.mark.parametrize(("decision", "there"), [("ours", [21]), ("apart", [20, 21])])
def test_while_a_person_is_asked_about_todays_rate_its_papers_wait(
    linked: LinkedFirm, decision: str, there: list[int]
) -> None:
    drain(linked.organisation_id)
    change(linked, usual(linked).id, 21)
    newer = sent_invoice(linked)
    drain(linked.organisation_id)
    (asked,) = questions(linked)
    (record,) = linked.mirror("invoice")
    assert (record.state, record.waits_for) == ("waiting", f"Tax {usual(linked).name}")
    with job_session(linked.organisation_id) as session:
        assert decisions.decide(session, asked.id, decision, by="Mo Manager", person_id=0)
    for _ in range(2):
        linked.make_due()
        drain(linked.organisation_id)
    agree(linked, newer)
    assert [rate for _, rate in rates(linked) if rate != 5] == there


def test_a_rate_that_goes_there_by_itself_goes_before_the_papers_that_bear_it(linked: LinkedFirm) -> None:
    drain(linked.organisation_id)
    with job_session(linked.organisation_id) as session:
        directions.keep(session, linked.link(), "tax", directions.BOTH)
    look(linked)
    change(linked, usual(linked).id, 21)
    newer = sent_invoice(linked)
    drain(linked.organisation_id)
    agree(linked, newer)
    assert 20 not in [rate for _, rate in rates(linked)] and linked.mirror("tax_rate") == []
