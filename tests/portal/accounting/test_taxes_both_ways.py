"""Taxes that are kept from both sides: name and rate come back by their rules, and nothing that was sent moves."""

from datetime import timedelta
from decimal import Decimal

import pytest

from portal.accounting import directions, field_rules, fields
from portal.accounting.fields import Rule
from portal.accounting.mirror.drain import drain
from portal.accounting.pull import decisions
from portal.invoices.models import Invoice
from portal.organisations.models import AuditEntry
from portal.shared import clock
from portal.shared.running import job_session
from portal.taxes.actions import change_rate
from portal.taxes.corrections import rename
from portal.taxes.models import Tax
from portal.taxes.queries import list_taxes
from tests.portal.accounting.both_ways import act, look, questions
from tests.portal.accounting.doings import sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_tax_changes import TODAY, decide, ours, there

__all__ = ["linked", "zoho"]


@pytest.fixture
def both(linked: LinkedFirm) -> LinkedFirm:
    """A tax of 20 % that goes by another name there, kept from both sides; nothing bears it yet."""
    act(linked, "POST /settings/taxes", tax_name="Standard Rate", tax_percentage=20)
    drain(linked.organisation_id)
    with job_session(linked.organisation_id) as session:
        directions.keep(session, linked.link(), "tax", directions.BOTH)
    look(linked)
    return linked


def change_there(linked: LinkedFirm, **facts: object) -> None:
    act(linked, f"PUT /settings/taxes/{there(linked)['tax_id']}", **facts)
    look(linked)


def change_here(linked: LinkedFirm, rate: int) -> None:
    with job_session(linked.organisation_id) as session:
        change_rate(session, session.get_one(Tax, ours(linked).id), Decimal(rate), TODAY)
    drain(linked.organisation_id)


def rule(linked: LinkedFirm, name: str, **values: str) -> None:
    with job_session(linked.organisation_id) as session:
        wanted = [Rule(each.ours, each.theirs, **values) if each.ours == name else each for each in fields.usual("tax")]
        field_rules.keep(session, linked.link(), "tax", wanted, made_by="Mo Manager")


def calls(linked: LinkedFirm, method: str) -> int:
    return len(linked.zoho.requests(linked.remote, method, "/settings/tax"))


@pytest.mark.parametrize(("decision", "here", "in_zoho"), [("theirs", 25, 25), ("ours", 20, 20), ("apart", 20, 25)])
def test_a_rate_changed_there_is_asked_about_as_money_hangs_on_it(
    both: LinkedFirm, decision: str, here: int, in_zoho: int
) -> None:
    change_there(both, tax_percentage=25)
    (asked,) = questions(both)
    assert (asked.field, asked.ours, asked.theirs) == ("rate", "20 %", "25 %")
    assert (asked.facts["title"], ours(both).rate_on(TODAY)) == ("The rate was changed in Zoho", 20)
    decide(both, decision)
    look(both)
    assert (ours(both).rate_on(TODAY), there(both)["tax_percentage"], questions(both)) == (here, in_zoho, [])


def test_the_name_follows_a_rate_that_is_taken_over_and_theirs_stays(both: LinkedFirm) -> None:
    with job_session(both.organisation_id) as session:
        session.get_one(Tax, ours(both).id).name = "VAT 20%"
    sent_invoice(both)
    drain(both.organisation_id)
    change_there(both, tax_percentage=25)
    decide(both, "theirs")
    look(both)
    assert (ours(both).name, ours(both).rate_on(TODAY), questions(both)) == ("VAT 25%", 25, [])
    assert there(both)["tax_name"] == "Standard Rate"


def test_a_name_that_was_changed_with_its_rate_comes_after_it(both: LinkedFirm) -> None:
    tax_id = there(both)["tax_id"]
    act(both, f"PUT /settings/taxes/{tax_id}", tax_name="VAT 25", tax_percentage=25)
    look(both)
    (asked,) = questions(both)
    with job_session(both.organisation_id) as session:
        assert asked.field == "rate" and "VAT 25" not in [tax.name for tax in list_taxes(session)]
        assert decisions.decide(session, asked.id, "theirs", by="Mo Manager", person_id=0)
    look(both)
    with job_session(both.organisation_id) as session:
        assert {tax.name: tax.rate_on(TODAY) for tax in list_taxes(session)}["VAT 25"] == 25


def test_where_theirs_counts_a_rate_comes_over_from_the_day_it_was_seen(both: LinkedFirm) -> None:
    rule(both, "rate", wins="theirs")
    with clock.at(clock.now() - timedelta(days=1)):
        sent = sent_invoice(both)
    drain(both.organisation_id)
    change_there(both, tax_percentage=25)
    tax = ours(both)
    assert (tax.rate_on(TODAY), tax.rate_on(TODAY - timedelta(days=1))) == (25, 20)
    assert questions(both) == []
    with job_session(both.organisation_id) as session:
        assert session.get_one(Invoice, sent.id).total_minor == sent.total_minor
        entry = session.query(AuditEntry).filter(AuditEntry.action == "tax rate changed").one()
        assert (entry.actor, entry.actor_name) == ("job", "Zoho Books")
    both.zoho.forget_requests()
    drain(both.organisation_id)
    assert calls(both, "") == 0  # what came from there is not sent back


def test_where_invoices_of_today_bear_the_old_rate_it_is_asked_about(both: LinkedFirm) -> None:
    sent_invoice(both)
    drain(both.organisation_id)
    change_there(both, tax_percentage=25)
    (asked,) = questions(both)
    assert (asked.field, asked.ours, asked.theirs) == ("rate", "20 %", "25 %")
    assert "1 invoice of today was sent with the old rate" in asked.facts["why"]
    assert ours(both).rate_on(TODAY) == 20
    decide(both, "theirs")
    assert (ours(both).rate_on(TODAY), questions(both)) == (25, [])


def test_a_rate_changed_here_goes_there_by_itself_under_their_name(both: LinkedFirm) -> None:
    change_here(both, 21)
    assert (there(both)["tax_percentage"], questions(both)) == (21, [])
    both.zoho.forget_requests()
    for _ in range(3):
        look(both)
    assert calls(both, "PUT") == 0 and questions(both) == []  # its echo is silent


def test_a_change_there_that_nobody_has_seen_is_not_overwritten(both: LinkedFirm) -> None:
    act(both, f"PUT /settings/taxes/{there(both)['tax_id']}", tax_percentage=25)
    change_here(both, 21)
    (asked,) = questions(both)
    assert (asked.facts["title"], asked.ours, asked.theirs) == ("The rate was changed on both sides", "21 %", "25 %")
    assert there(both)["tax_percentage"] == 25
    decide(both, "ours")
    assert (there(both)["tax_percentage"], ours(both).rate_on(TODAY), questions(both)) == (21, 21, [])


@pytest.mark.parametrize(("wins", "rate"), [("ours", 21), ("theirs", 25)])
def test_the_rule_decides_where_both_sides_changed_the_rate(both: LinkedFirm, wins: str, rate: int) -> None:
    rule(both, "rate", wins=wins)
    act(both, f"PUT /settings/taxes/{there(both)['tax_id']}", tax_percentage=25)
    change_here(both, 21)
    drain(both.organisation_id)
    assert (there(both)["tax_percentage"], ours(both).rate_on(TODAY), questions(both)) == (rate, rate, [])


def test_a_rate_that_only_goes_there_is_not_taken_over_and_not_asked_about(both: LinkedFirm) -> None:
    rule(both, "rate", direction="push")
    change_there(both, tax_percentage=25)
    assert (ours(both).rate_on(TODAY), questions(both)) == (20, [])


def test_a_name_changed_there_comes_back_while_nothing_that_was_sent_has_it(both: LinkedFirm) -> None:
    tax_id = there(both)["tax_id"]
    act(both, f"PUT /settings/taxes/{tax_id}", tax_name="VAT standard")
    look(both)
    with job_session(both.organisation_id) as session:
        assert "VAT standard" in [tax.name for tax in list_taxes(session)]
    sent_invoice(both)
    drain(both.organisation_id)
    act(both, f"PUT /settings/taxes/{tax_id}", tax_name="VAT usual")
    look(both)
    (asked,) = questions(both)
    assert (asked.field, asked.ours, asked.theirs) == ("tax name", "VAT standard", "VAT usual")
    with job_session(both.organisation_id) as session:
        assert decisions.decide(session, asked.id, "apart", by="Mo Manager", person_id=0)
    look(both)
    assert questions(both) == []  # each keeps its own


def test_a_name_changed_here_goes_there(both: LinkedFirm) -> None:
    with job_session(both.organisation_id) as session:
        rename(session, session.get_one(Tax, ours(both).id), "Turnover tax")
    drain(both.organisation_id)
    assert (there(both, "Turnover tax")["tax_percentage"], questions(both)) == (20, [])


def test_a_new_tax_there_comes_over_unless_its_name_is_taken(both: LinkedFirm) -> None:
    with job_session(both.organisation_id) as session:
        taken = list_taxes(session)[0].name
    act(both, "POST /settings/taxes", tax_name="Levy", tax_percentage=3)
    act(both, "POST /settings/taxes", tax_name=taken, tax_percentage=7)
    look(both)
    with job_session(both.organisation_id) as session:
        assert {tax.name: tax.rate_on(TODAY) for tax in list_taxes(session)}["Levy"] == 3
    (asked,) = questions(both)
    assert "Another tax has this name" in asked.facts["why"]
    look(both)
    assert len(questions(both)) == 1 and len([one for one in both.there("taxes") if one["tax_name"] == "Levy"]) == 1


def test_a_tax_deleted_there_can_be_made_again(both: LinkedFirm) -> None:
    act(both, f"DELETE /settings/taxes/{there(both)['tax_id']}")
    look(both)
    (asked,) = questions(both)
    assert (asked.facts["title"], asked.theirs) == ("Was deleted in Zoho", "deleted")
    with job_session(both.organisation_id) as session:
        assert decisions.decide(session, asked.id, "again", by="Mo Manager", person_id=0)
    look(both)
    (record,) = (each for each in both.mirror("tax") if each.local_id == asked.local_id)
    assert (record.state, record.remote_id in {one["tax_id"] for one in both.there("taxes")}) == ("in_step", True)
