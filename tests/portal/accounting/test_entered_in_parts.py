"""A payment that somebody entered by hand in several parts in an organisation that was left: read again from there, no
answer makes more money of it than there is."""

import pytest

from portal.accounting import directions
from portal.accounting.mirror.drain import drain
from portal.accounting.pull import asking, decisions
from portal.invoices.models import Invoice
from portal.payments.models import Payment
from portal.shared import clock
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import let_time_pass, look, questions
from tests.portal.accounting.doings import pay, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_by_hand import admin, enter_all, enter_there, go_over, switch
from tests.portal.accounting.test_paid_on_both_sides import free_here
from tests.portal.accounting.test_payments_back import balance

__all__ = ["admin", "linked", "zoho"]


@pytest.fixture
def entered(linked: LinkedFirm, admin: object, request: pytest.FixtureRequest) -> tuple[LinkedFirm, Invoice, str]:
    """So much of 235.80 paid here, and 100 and 135.80 entered; that organisation is linked again and read both ways."""
    first, invoice = linked.remote, sent_invoice(linked)
    drain(linked.organisation_id)
    go_over(admin, linked)
    pay(linked, invoice, getattr(request, "param", 23580), on=clock.today("Europe/London"))
    drain(linked.organisation_id)
    for part in (100, 135.8):
        enter_there(linked, first, invoice, part)
    enter_all(linked, admin)
    switch(admin, linked, first)
    with job_session(linked.organisation_id) as session:
        for module in ("invoice", "payment"):
            directions.keep(session, linked.link(), module, "both")
    drain(linked.organisation_id)
    look(linked)
    return linked, invoice, first


def say(linked: LinkedFirm, decision: str, at: int = 0) -> None:
    asked = questions(linked)[at]
    with job_session(linked.organisation_id) as session:
        assert decisions.decide(session, asked.id, decision, by="Mo Manager", person_id=linked.firm.people["manager"])
    for _ in range(2):
        linked.make_due()
        drain(linked.organisation_id)
        let_time_pass(linked)
        look(linked)


def stands(linked: LinkedFirm, invoice: Invoice, first: str) -> tuple[int, int, int, int]:
    """Left to pay here, free here, all that was paid here, and there."""
    with job_session(linked.organisation_id) as session:
        paid = sum(each.amount_minor for each in session.query(Payment))
    there = sum(round(each["amount"] * 100) for each in linked.zoho.records(first, "customerpayments"))
    return balance(linked, invoice).minor, free_here(linked, invoice), paid, there


def test_each_is_a_part_of_ours_and_no_other_money(entered: tuple[LinkedFirm, Invoice, str]) -> None:
    linked, invoice, first = entered
    for left in (2, 1):
        assert len(questions(linked)) == left
        asked = questions(linked)[0]
        assert "entered there by hand" in asked.facts["why"]
        assert asking.PART in dict(asking.choices_of(asked, {}))
        say(linked, asking.PART)
    assert questions(linked) == [] and stands(linked, invoice, first) == (0, 0, 23580, 23580)
    assert [each.state for each in linked.mirror("payment") if each.link_id == linked.link().id] == ["paused"]


@pytest.mark.parametrize("entered", [20000], indirect=True)
def test_parts_never_come_to_more_than_ours(entered: tuple[LinkedFirm, Invoice, str]) -> None:
    linked, invoice, first = entered
    say(linked, asking.PART)
    assert asking.PART not in dict(asking.choices_of(questions(linked)[0], {}))  # 135.80 of the 100.00 that are left
    assert len(questions(linked)) == 1 and stands(linked, invoice, first) == (3580, 0, 20000, 23580)


def test_said_to_be_two_ours_is_not_sent_beside_what_was_entered(entered: tuple[LinkedFirm, Invoice, str]) -> None:
    linked, invoice, first = entered
    while questions(linked):
        say(linked, asking.TWO)
    assert stands(linked, invoice, first) == (0, 23580, 2 * 23580, 23580)  # what is there stays all that is there
    states = {each.state for each in linked.mirror("payment") if each.link_id == linked.link().id}
    assert states == {"paused", "in_step"}
