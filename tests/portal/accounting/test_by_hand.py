"""After going over to another organisation: what nobody brings to the old one any more is told to people, one by one,
and nothing reads as if all were in the books before somebody has entered it."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from portal.accounting import directions
from portal.accounting.by_hand import rules
from portal.accounting.by_hand.models import ByHand
from portal.accounting.by_hand.queries import places
from portal.accounting.mirror.drain import drain
from portal.accounting.pull import decisions
from portal.accounting.queries import books_states, count_not_in_books
from portal.invoices import write_offs
from portal.invoices.models import Invoice
from portal.invoices.queries import get_invoice
from portal.payments.models import Payment
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import post, sign_in
from tests.conftest import World, browser
from tests.portal.accounting.both_ways import look, questions
from tests.portal.accounting.doings import credit, fail_refund, give_back, pay, put_credit, reverse, sent_invoice, void
from tests.portal.accounting.stand_in import LinkedFirm, linked, owner_rows, zoho
from tests.portal.accounting.test_link_pages import start
from tests.portal.accounting.test_money_at_a_switch import go_over, money_in, use
from tests.portal.accounting.test_switching import another, numbers_in, switch

__all__ = ["linked", "zoho"]


@pytest.fixture
def admin(app: Flask, linked: LinkedFirm) -> FlaskClient:
    return sign_in(browser(app), linked.firm, "administrator")


def told(linked: LinkedFirm) -> list[tuple[str, int]]:
    """(what, amount) of all that is to be entered still, in order."""
    with job_session(linked.organisation_id) as session:
        entries = [entry for place in places(session) for entry in place.entries]
        return [(entry.row.what, entry.row.amount_minor) for entry in entries]


def enter_all(linked: LinkedFirm, client: FlaskClient) -> None:
    with job_session(linked.organisation_id) as session:
        ids = [entry.row.id for place in places(session) for entry in place.entries]
    for entry_id in ids:
        post(client, f"/books/by-hand/{entry_id}/entered", {}, page="/books/inbox")


def test_a_payment_on_an_old_invoice_is_listed_until_somebody_has_entered_it(
    linked: LinkedFirm, admin: FlaskClient, world: World
) -> None:
    old, name = sent_invoice(linked), linked.link().remote_name
    drain(linked.organisation_id)
    go_over(admin, linked)
    assert "Everything is in the books" in admin.get("/books/inbox").text
    pay(linked, old, method="cheque")
    drain(linked.organisation_id)
    for page in ("/books/inbox", "/books"):
        text = admin.get(page).text
        assert f"To enter by hand in {name}" in text and str(old.number) in text and "Cheque" in text
        assert "Everything is in the books" not in text
        assert "up to date" not in text.partition("Product")[0]
    with job_session(linked.organisation_id) as session:
        assert count_not_in_books(session) == 1
    assert told(linked) == [("new", old.total_minor)]
    enter_all(linked, sign_in(browser(admin.application), linked.firm, "manager"))
    text = admin.get("/books/inbox").text
    assert "Everything is in the books" in text and f"Entered by hand in {name}" in text
    with job_session(linked.organisation_id) as session:
        assert count_not_in_books(session) == 0
        (row,) = session.query(ByHand).all()
        assert row.entered_by and row.entered_at is not None
    rows = owner_rows(
        world, "SELECT record, person_id FROM audit_entries WHERE organisation_id = :id"
        " AND action = 'entered by hand' ORDER BY record", id=linked.organisation_id,
    )  # fmt: skip
    manager = linked.firm.people["manager"]
    assert [tuple(each) for each in rows] == [("invoice", manager), ("link", manager)]


def test_what_is_not_entered_after_all_is_counted_again(linked: LinkedFirm, admin: FlaskClient) -> None:
    old = sent_invoice(linked)
    drain(linked.organisation_id)
    go_over(admin, linked)
    pay(linked, old)
    drain(linked.organisation_id)
    enter_all(linked, admin)
    with job_session(linked.organisation_id) as session:
        entry_id = session.query(ByHand).one().id
    post(admin, f"/books/by-hand/{entry_id}/not-entered", {}, page="/books/inbox")
    assert told(linked) == [("new", old.total_minor)]


def test_a_refund_of_old_money_is_listed_once_and_its_failing_too(linked: LinkedFirm, admin: FlaskClient) -> None:
    old = sent_invoice(linked)
    payment_id = pay(linked, old)
    drain(linked.organisation_id)
    go_over(admin, linked)
    refund = give_back(linked, payment_id, 2_000)
    drain(linked.organisation_id)
    drain(linked.organisation_id)
    assert told(linked) == [("back", 2_000)]
    enter_all(linked, admin)
    fail_refund(linked, refund)
    drain(linked.organisation_id)
    assert told(linked) == [("undo", 2_000)]


def test_a_reversal_and_credit_notes_are_listed(linked: LinkedFirm, admin: FlaskClient) -> None:
    paid, credited = sent_invoice(linked), sent_invoice(linked)
    payment_id = pay(linked, paid, method="cheque")
    drain(linked.organisation_id)
    go_over(admin, linked)
    reverse(linked, payment_id)
    note = credit(linked, credited)
    drain(linked.organisation_id)
    assert told(linked) == [("back", paid.total_minor), ("new", note.total_minor)]


def test_what_old_money_pays_in_the_new_organisation_is_listed_there(linked: LinkedFirm, admin: FlaskClient) -> None:
    note = credit(linked, sent_invoice(linked), keep=True)
    payment_id = pay(linked, sent_invoice(linked), 5_000, applied=0)
    drain(linked.organisation_id)
    go_over(admin, linked)
    new = sent_invoice(linked)
    drain(linked.organisation_id)
    use(linked, payment_id, new, 3_000)
    put_credit(linked, note, new)
    drain(linked.organisation_id)
    with job_session(linked.organisation_id) as session:
        left, place = places(session)
        assert place.name == "Other books" and {entry.invoice for entry in place.entries} == {new.number}
        assert [entry.row.what for entry in place.entries] == ["new", "new"]
        assert [entry.row.what for entry in left.entries] == ["moved", "moved"]  # else it were income of both


def test_voids_and_write_offs_are_listed_and_what_is_taken_back_in_time_is_not(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    voided, given_up = sent_invoice(linked), sent_invoice(linked)
    drain(linked.organisation_id)
    go_over(admin, linked)
    void(linked, voided.id)
    with job_session(linked.organisation_id) as session:
        write_offs.write_off(session, get_invoice(session, given_up.id, lock=True), "Gone away")
    drain(linked.organisation_id)
    assert sorted(told(linked)) == [("void", voided.total_minor), ("written_off", given_up.total_minor)]
    with job_session(linked.organisation_id) as session:
        write_offs.take_back(session, get_invoice(session, given_up.id, lock=True))
    drain(linked.organisation_id)
    assert told(linked) == [("void", voided.total_minor)]


def test_an_invoice_from_before_that_never_arrived_is_listed_with_its_money(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    """Dated before the first day in the other one, and written when the old one was left already."""
    go_over(admin, linked, days=-1)
    late = sent_invoice(linked)
    pay(linked, late)
    drain(linked.organisation_id)
    assert told(linked) == [("invoice", late.total_minor), ("new", late.total_minor)]


def test_back_in_the_old_organisation_nothing_is_to_be_entered_and_what_was_is_not_doubled(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    first, one, two = linked.remote, sent_invoice(linked), sent_invoice(linked)
    drain(linked.organisation_id)
    go_over(admin, linked)
    pay(linked, one)
    drain(linked.organisation_id)
    enter_all(linked, admin)
    pay(linked, two)
    drain(linked.organisation_id)
    assert told(linked) == [("new", two.total_minor)]
    switch(admin, linked, first)
    drain(linked.organisation_id)
    assert told(linked) == []
    assert [each["amount"] for each in linked.zoho.records(first, "customerpayments")] == [two.total_minor / 100]
    assert "Entered by hand in" in admin.get("/books/inbox").text
    with job_session(linked.organisation_id) as session:
        entry_id = session.query(ByHand).one().id
    post(admin, f"/books/by-hand/{entry_id}/not-entered", {}, page="/books/inbox")
    drain(linked.organisation_id)
    assert told(linked) == [] and len(linked.zoho.records(first, "customerpayments")) == 2  # goes there by itself


def test_all_that_is_shown_is_entered_at_once(linked: LinkedFirm, admin: FlaskClient) -> None:
    one, two = sent_invoice(linked), sent_invoice(linked)
    drain(linked.organisation_id)
    go_over(admin, linked)
    pay(linked, one)
    pay(linked, two)
    drain(linked.organisation_id)
    with job_session(linked.organisation_id) as session:
        (place,) = places(session)
    post(admin, f"/books/links/{place.link_id}/by-hand/entered", {"up_to": place.last_shown - 1}, page="/books/inbox")
    assert told(linked) == [("new", two.total_minor)]


def enter_there(linked: LinkedFirm, remote: str, invoice: Invoice, amount: float, *, days_later: int = 0) -> None:
    """As a person enters it in the organisation that was left: with a day and words of their own."""
    (there,) = [one for one in linked.zoho.records(remote, "invoices") if one["invoice_number"] == invoice.number]
    body = {
        "customer_id": there["customer_id"], "payment_mode": "check", "reference_number": "by hand", "amount": amount,
        "date": (clock.today("Europe/London") - timedelta(days=days_later)).isoformat(),
        "invoices": [{"invoice_id": there["invoice_id"], "amount_applied": amount}],
    }  # fmt: skip
    linked.zoho.act(remote, "POST /customerpayments", body)


@pytest.mark.parametrize("days", [0, 30])
def test_what_was_entered_by_hand_is_asked_about_when_that_organisation_is_read_both_ways_again(
    linked: LinkedFirm, admin: FlaskClient, days: int
) -> None:
    first, one = linked.remote, sent_invoice(linked)
    drain(linked.organisation_id)
    go_over(admin, linked)
    pay(linked, one, on=clock.today("Europe/London"))
    drain(linked.organisation_id)
    enter_there(linked, first, one, one.total_minor / 100, days_later=days)
    enter_all(linked, admin)
    switch(admin, linked, first)
    with job_session(linked.organisation_id) as session:
        for module in ("invoice", "payment"):
            directions.keep(session, linked.link(), module, "both")
    drain(linked.organisation_id)
    look(linked)
    with job_session(linked.organisation_id) as session:
        assert session.query(Payment).count() == 1
    (asked,) = questions(linked)
    assert asked.facts["title"] == "Is this one payment, or two?"
    with job_session(linked.organisation_id) as session:
        assert decisions.decide(session, asked.id, "same", by="Mo Manager", person_id=0)
    look(linked)
    with job_session(linked.organisation_id) as session:
        assert session.query(Payment).count() == 1
    assert len(linked.zoho.records(first, "customerpayments")) == 1 and questions(linked) == []
    assert [each.state for each in linked.mirror("payment") if each.link_id == linked.link().id] == ["in_step"]


def go_on_to_a_third(linked: LinkedFirm, admin: FlaskClient) -> str:
    """Linked when nothing is linked any more, so without a first day; its id."""
    post(admin, "/books/end", {"is_sure": "1"}, page="/books")
    third = another(linked, name="Third books")
    switch(admin, linked, third)
    start(admin, linked.organisation_id)
    drain(linked.organisation_id)
    return third


@pytest.mark.parametrize("is_entered", [False, True])
def test_what_is_to_be_entered_in_one_that_was_left_goes_to_no_third(
    linked: LinkedFirm, admin: FlaskClient, is_entered: bool
) -> None:
    first = linked.link().remote_name
    go_over(admin, linked, days=-1)
    late = sent_invoice(linked)
    pay(linked, late)
    drain(linked.organisation_id)
    if is_entered:
        enter_all(linked, admin)
    third = go_on_to_a_third(linked, admin)
    assert numbers_in(linked, third) == [] and money_in(linked, third) == (0, 0)
    assert told(linked) == ([] if is_entered else [("invoice", late.total_minor), ("new", late.total_minor)])
    with job_session(linked.organisation_id) as session:
        state = books_states(session, [late.id])[late.id]
    assert state == (f"stays in {first}" if is_entered else "waiting")
    credit(linked, late)
    drain(linked.organisation_id)
    assert money_in(linked, third) == (0, 0) and ("new", late.total_minor) in told(linked)
    with job_session(linked.organisation_id) as session:
        assert {place.name for place in places(session)} == {first}


def test_what_nobody_had_listed_yet_is_entered_where_it_belongs_by_its_day(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    """The second organisation was left before anything of it was set up."""
    first, late = linked.link().remote_name, sent_invoice(linked)
    switch(admin, linked, another(linked))
    third = go_on_to_a_third(linked, admin)
    assert numbers_in(linked, third) == [] and told(linked) == [("invoice", late.total_minor)]
    with job_session(linked.organisation_id) as session:
        assert [place.name for place in places(session)] == [first]


def advance_of_before(linked: LinkedFirm) -> int:
    return pay(linked, sent_invoice(linked), 5_000, applied=0, on=clock.today("Europe/London") - timedelta(days=9))


@pytest.mark.parametrize("is_entered", [False, True])
def test_an_advance_that_pays_an_invoice_of_the_other_is_in_one_of_them_only(
    linked: LinkedFirm, admin: FlaskClient, is_entered: bool
) -> None:
    second = go_over(admin, linked)
    payment_id = advance_of_before(linked)
    drain(linked.organisation_id)
    assert told(linked) == [("new", 5_000)]
    if is_entered:
        enter_all(linked, admin)
    use(linked, payment_id, sent_invoice(linked), 3_000)
    assert money_in(linked, second) == ((0, 0) if is_entered else (1, 0))
    assert told(linked) == ([("moved", 3_000), ("new", 3_000)] if is_entered else [])


def test_an_advance_that_is_entered_is_put_to_an_invoice_there_and_not_entered_once_more(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    old = sent_invoice(linked)
    drain(linked.organisation_id)
    go_over(admin, linked)
    payment_id = advance_of_before(linked)
    drain(linked.organisation_id)
    enter_all(linked, admin)
    use(linked, payment_id, old, 3_000)
    assert told(linked) == [("put", 3_000)]


def by_place(linked: LinkedFirm) -> dict[str, list[tuple[str, int]]]:
    with job_session(linked.organisation_id) as session:
        found = places(session)
        return {each.name: [(one.row.what, one.row.amount_minor) for one in each.entries] for each in found}


def test_credit_there_that_pays_in_the_new_organisation_is_taken_out_where_it_was(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    old, first = sent_invoice(linked), linked.link().remote_name
    payment_id = pay(linked, old, old.total_minor + 8_000, applied=old.total_minor, method="cheque")
    drain(linked.organisation_id)
    go_over(admin, linked)
    second, new = linked.link().remote_name, sent_invoice(linked)
    use(linked, payment_id, new, 8_000)
    drain(linked.organisation_id)
    assert by_place(linked) == {first: [("moved", 8_000)], second: [("new", 8_000)]}
    page = admin.get("/books/inbox").text
    assert "Record it as given back there: it counts in another organisation now" in page
    assert page.count("The portal no longer writes there") == 1
    assert "This money is in another organisation" in page
    enter_all(linked, admin)
    reverse(linked, payment_id)
    drain(linked.organisation_id)
    assert ("returned", 8_000) in by_place(linked)[first] and ("moved", 8_000) in by_place(linked)[second]


def test_a_credit_note_that_is_used_in_both_is_in_them_with_its_amount_and_no_more(
    linked: LinkedFirm, admin: FlaskClient
) -> None:
    old, first = sent_invoice(linked), linked.link().remote_name
    pay(linked, old)
    drain(linked.organisation_id)
    go_over(admin, linked)
    second, new = linked.link().remote_name, sent_invoice(linked)
    note = credit(linked, old, keep=True)
    drain(linked.organisation_id)
    assert by_place(linked) == {first: [("new", note.total_minor)]}
    pay(linked, new, new.total_minor - 4_000)
    put_credit(linked, note, new)
    drain(linked.organisation_id)
    assert by_place(linked) == {first: [("new", note.total_minor - 4_000)], second: [("new", 4_000)]}


def counts(steps: Sequence[rules.Step]) -> int:
    """How much of it an organisation has after these, beside what it had."""
    signs = {rules.NEW: 1, rules.UNDO: 1, rules.RETURNED: 1, rules.BACK: -1, rules.MOVED: -1}
    return sum(signs.get(step.what, 0) * step.amount for step in steps)


parts = st.lists(st.dictionaries(st.sampled_from([1, 2, 3]), st.integers(0, 40), max_size=3), max_size=6)


@given(parts)
def test_however_a_payment_is_moved_its_amount_is_entered_once(moves: list[dict[int, int]]) -> None:
    """Where it is not, and people enter it in parts: what it pays there adds up, and no cent is there twice."""
    told_so_far: list[rules.Step] = []
    for wanted in moves:
        told_so_far += rules.lacking(wanted, [], 120 - sum(wanted.values()), rules.Has(), told_so_far)
        assert counts(told_so_far) == 120
        for invoice_id in (1, 2, 3):
            put = sum(step.put for step in told_so_far if step.invoice_id == invoice_id)
            assert put == wanted.get(invoice_id, 0)


sums = st.dictionaries(st.sampled_from([1, 2, 3, 4]), st.integers(0, 25), max_size=4)


@given(st.booleans(), st.lists(st.tuples(sums, st.integers(0, 20)), min_size=1, max_size=6))
def test_money_that_pays_in_two_organisations_is_in_them_with_its_amount_and_no_more(
    is_there: bool, moves: list[tuple[dict[int, int], int]]
) -> None:
    """1 and 2 are invoices of the one that was left, 3 and 4 of the other; so much was given back at the end."""
    old: list[rules.Step] = []
    new: list[rules.Step] = []
    has = rules.Has(True, {1: 30}, frozenset(), 90) if is_there else rules.Has()
    gone = 0
    for at, (applied, more) in enumerate(moves):
        gone = min(gone + more, 120 - sum(applied.values()))
        backs = [rules.Back("one", gone)] if at == len(moves) - 1 and gone else []
        kept = {each: minor for each, minor in applied.items() if each < 3}
        moved = {each: minor for each, minor in applied.items() if each >= 3}
        unused = 120 - sum(applied.values()) - sum(each.amount for each in backs)
        old += rules.lacking(kept, backs, unused, has, old)
        new += rules.lacking(moved, [], 0, rules.Has(), new)
        assert counts(new) == sum(moved.values())
        assert counts(old) + (120 if is_there else 0) == sum(kept.values()) + unused
        before = dict(has.applied)
        for invoice_id in (1, 2):
            put = sum(step.put for step in old if step.invoice_id == invoice_id)
            assert put + before.get(invoice_id, 0) == kept.get(invoice_id, 0)
