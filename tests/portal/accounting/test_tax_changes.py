"""After both sides have agreed on their taxes, each side's later change is offered on the other, and forced on none."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from portal.accounting import directions
from portal.accounting.mirror.drain import drain
from portal.accounting.pull import decisions
from portal.organisations.models import Organisation
from portal.shared import clock
from portal.shared.running import job_session
from portal.taxes.actions import add_group, change_rate, set_between_states
from portal.taxes.models import Tax
from portal.taxes.queries import list_taxes
from tests.builders import post, sign_in
from tests.conftest import browser
from tests.portal.accounting.both_ways import act, look, questions
from tests.portal.accounting.doings import sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho

__all__ = ["linked", "zoho"]
TODAY = clock.today("Europe/London")


@pytest.fixture
def agreed(linked: LinkedFirm) -> LinkedFirm:
    """VAT of 20 % on both sides, called otherwise there; Zoho's taxes are looked at once a day."""
    act(linked, "POST /settings/taxes", tax_name="Standard Rate", tax_percentage=20)
    sent_invoice(linked)
    drain(linked.organisation_id)
    with job_session(linked.organisation_id) as session:
        directions.resume(session, linked.link(), "tax")
    look(linked)
    return linked


def there(linked: LinkedFirm, name: str = "Standard Rate") -> dict[str, Any]:
    return next(each for each in linked.there("taxes") if each["tax_name"] == name)


def ours(linked: LinkedFirm) -> Tax:
    (record,) = (each for each in linked.mirror("tax") if each.remote_id == there(linked)["tax_id"])
    with job_session(linked.organisation_id) as session:
        return session.get_one(Tax, record.local_id)


def change_here(linked: LinkedFirm, rate: int) -> None:
    with job_session(linked.organisation_id) as session:
        change_rate(session, session.get_one(Tax, ours(linked).id), Decimal(rate), TODAY - timedelta(days=1))


def decide(linked: LinkedFirm, decision: str) -> None:
    (asked,) = questions(linked)
    with job_session(linked.organisation_id) as session:
        assert decisions.decide(session, asked.id, decision, by="Mo Manager", person_id=0)
    look(linked)


@pytest.mark.parametrize(("decision", "here", "in_zoho"), [("theirs", 25, 25), ("ours", 20, 20), ("apart", 20, 25)])
def test_a_rate_changed_there_is_offered_here(agreed: LinkedFirm, decision: str, here: int, in_zoho: int) -> None:
    assert questions(agreed) == []  # what was there before is nobody's change
    act(agreed, f"PUT /settings/taxes/{there(agreed)['tax_id']}", tax_percentage=25)
    look(agreed)
    (asked,) = questions(agreed)
    assert (asked.field, asked.ours, asked.theirs) == ("rate", "20 %", "25 %")
    assert asked.facts["title"] == "The rate was changed in Zoho"
    assert ours(agreed).rate_on(TODAY) == 20
    decide(agreed, decision)
    assert (ours(agreed).rate_on(TODAY), there(agreed)["tax_percentage"]) == (here, in_zoho)
    assert questions(agreed) == []


@pytest.mark.parametrize(("decision", "in_zoho"), [("ours", 21), ("apart", 20)])
def test_a_rate_changed_here_is_offered_there(agreed: LinkedFirm, decision: str, in_zoho: int) -> None:
    change_here(agreed, 21)
    drain(agreed.organisation_id)
    (asked,) = questions(agreed)
    assert (asked.ours, asked.theirs, there(agreed)["tax_percentage"]) == ("21 %", "20 %", 20)
    assert asked.facts["title"] == "The rate was changed here"
    decide(agreed, decision)
    assert (there(agreed)["tax_percentage"], ours(agreed).rate_on(TODAY)) == (in_zoho, 21)  # and keeps its own name
    look(agreed)
    assert questions(agreed) == []


def test_indias_halves_stay_equal_whichever_is_taken_over(agreed: LinkedFirm) -> None:
    """CGST and SGST are half each, and IGST is both: one cannot come without the others."""
    own = agreed.organisation_id
    for name, rate in (("CGST9", 9), ("SGST9", 9), ("IGST18", 18)):
        act(agreed, "POST /settings/taxes", tax_name=name, tax_percentage=rate)
    look(agreed)
    while questions(agreed):
        with job_session(own) as session:
            assert decisions.decide(session, questions(agreed)[0].id, "theirs", by="Mo Manager", person_id=0)
    with job_session(own) as session:
        session.get_one(Organisation, own).country = "IN"
        taken = {tax.name: tax for tax in list_taxes(session)}
        group = add_group(session, own, "GST18", [taken["CGST9"], taken["SGST9"]])
        set_between_states(session, group, taken["IGST18"])
    act(agreed, f"PUT /settings/taxes/{there(agreed, 'CGST9')['tax_id']}", tax_percentage=10)
    look(agreed)
    asked = next(each for each in questions(agreed) if each.facts["label"] == "Tax CGST9")
    assert "With theirs, SGST9 and IGST18 change here, too" in asked.facts["why"]
    with job_session(own) as session:
        assert decisions.decide(session, asked.id, "theirs", by="Mo Manager", person_id=0)
    with job_session(own) as session:
        now = {tax.name: tax.rate_on(TODAY) for tax in list_taxes(session)}
    assert (now["CGST10"], now["SGST10"], now["IGST20"], now["GST18"]) == (10, 10, 20, 20)


def test_only_an_administrator_decides_about_taxes(agreed: LinkedFirm, app: Flask) -> None:
    change_here(agreed, 21)
    drain(agreed.organisation_id)
    (asked,) = questions(agreed)
    manager = sign_in(browser(app), agreed.firm, "manager")
    assert "An administrator decides about taxes" in manager.get("/books/questions").text
    post(manager, f"/books/questions/{asked.id}", {"decision": "ours"}, page="/customers/new")
    assert len(questions(agreed)) == 1
    post(sign_in(browser(app), agreed.firm, "administrator"), f"/books/questions/{asked.id}", {"decision": "ours"},
         page="/books/questions")  # fmt: skip
    assert questions(agreed) == []


def test_it_settles_when_somebody_makes_both_equal(agreed: LinkedFirm) -> None:
    change_here(agreed, 21)
    drain(agreed.organisation_id)
    act(agreed, f"PUT /settings/taxes/{there(agreed)['tax_id']}", tax_percentage=21)
    look(agreed)
    assert questions(agreed) == []


def test_a_new_group_there_is_offered_once_and_comes_with_its_members(agreed: LinkedFirm) -> None:
    for name in ("City", "State"):
        act(agreed, "POST /settings/taxes", tax_name=name, tax_percentage=3)
    ids = ",".join(there(agreed, name)["tax_id"] for name in ("City", "State"))
    act(agreed, "POST /settings/taxgroups", tax_group_name="City and State", taxes=ids)
    look(agreed)
    asked = {each.facts["label"]: each.id for each in questions(agreed)}
    assert set(asked) == {"Tax City", "Tax State", "Tax City and State"}
    with job_session(agreed.organisation_id) as session:
        for label, decision in (("Tax City and State", "theirs"), ("Tax City", "seen"), ("Tax State", "theirs")):
            assert decisions.decide(session, asked[label], decision, by="Mo Manager", person_id=0)
    look(agreed)
    with job_session(agreed.organisation_id) as session:
        taken = {tax.name: tax.rate_on(TODAY) for tax in list_taxes(session)}
    assert {name: taken[name] for name in ("City", "State", "City and State")} == {
        "City": 3, "State": 3, "City and State": 6,
    }  # fmt: skip
    assert questions(agreed) == [] and len([one for one in agreed.there("taxes") if one["tax_name"] == "City"]) == 1


def test_a_tax_that_is_gone_there_is_asked_about_after_it_was_asked_for(agreed: LinkedFirm) -> None:
    act(agreed, "POST /settings/taxes", tax_name="Levy", tax_percentage=3)
    look(agreed)
    decide(agreed, "theirs")
    act(agreed, f"DELETE /settings/taxes/{there(agreed, 'Levy')['tax_id']}")
    look(agreed)
    (asked,) = questions(agreed)
    assert (asked.field, asked.facts["label"]) == ("tax off", "Tax Levy")
    decide(agreed, "theirs")
    with job_session(agreed.organisation_id) as session:
        assert "Levy" not in [tax.name for tax in list_taxes(session)]
    assert questions(agreed) == []


def test_looking_takes_one_call_a_day_beside_the_groups(agreed: LinkedFirm) -> None:
    agreed.zoho.forget_requests()
    look(agreed)
    assert [one["path"].rpartition("/settings")[2] for one in agreed.zoho.requests(agreed.remote)] == [
        "/taxes", "/taxexemptions",
    ]  # fmt: skip
    agreed.zoho.forget_requests()
    agreed.make_due()
    drain(agreed.organisation_id)
    assert agreed.zoho.requests(agreed.remote) == []
