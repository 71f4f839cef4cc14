"""Whatever breaks while Zoho's changes are read, none is skipped, and none counts twice."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.accounting.mirror import drain as draining
from portal.accounting.mirror.drain import drain
from portal.accounting.mirror.remote import Remote
from portal.accounting.pull import cursors, lists, payments, rules
from portal.accounting.pull import questions as asking
from portal.customers.models import Customer
from portal.shared.running import job_session
from tests.portal.accounting.both_ways import act, both_ways, cursor, look, questions
from tests.portal.accounting.doings import sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, zoho
from tests.portal.accounting.stand_in import linked_to_either as linked
from tests.portal.accounting.test_payments_back import MODULES, balance, paid_there

__all__ = ["linked", "zoho"]
NAMES = [f"Customer {number}" for number in range(7)]


class Killed(BaseException):
    """As if the process had ended here: nobody catches it."""


def names_here(linked: LinkedFirm) -> list[str]:
    with job_session(linked.organisation_id) as session:
        return [each.name for each in session.query(Customer).order_by(Customer.name) if each.name in NAMES]


@pytest.fixture
def seven_new(linked: LinkedFirm, monkeypatch: pytest.MonkeyPatch) -> LinkedFirm:
    """Seven customers made there, most of them within one second, read three a page."""
    monkeypatch.setattr(lists, "PER_PAGE", 3)
    both_ways(linked, "customer")
    for name in NAMES:
        act(linked, "POST /contacts", contact_name=name)
    return linked


def dying(of: Callable[..., Any], at_call: int) -> Callable[..., Any]:
    calls = iter(range(1, 10_000))

    def die(*arguments: Any, **named: Any) -> Any:
        if next(calls) == at_call:
            raise Killed
        return of(*arguments, **named)

    return die


def test_equal_stamps_and_page_edges_skip_nothing(seven_new: LinkedFirm) -> None:
    look(seven_new)
    assert names_here(seven_new) == NAMES
    assert cursor(seven_new, "customer").calls >= 3


@pytest.mark.parametrize("at_call", (1, 2, 4, 6, 9, 13))
def test_killed_at_any_call_the_reading_goes_on_and_skips_nothing(
    seven_new: LinkedFirm, monkeypatch: pytest.MonkeyPatch, at_call: int
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Remote, "call", dying(Remote.call, at_call))
        try:
            look(seven_new)
        except Killed:
            assert names_here(seven_new) != NAMES or at_call > 7
    look(seven_new)
    assert names_here(seven_new) == NAMES
    assert len(seven_new.there("contacts")) == 8


@pytest.mark.parametrize("step", ["turn_page", "finish"])
def test_killed_between_the_rows_and_the_place_they_are_read_again_without_effect(
    seven_new: LinkedFirm, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(cursors, step, dying(getattr(cursors, step), 1))
        with pytest.raises(Killed):
            look(seven_new)
    look(seven_new)
    assert names_here(seven_new) == NAMES
    assert questions(seven_new) == []


@pytest.mark.parametrize(("of", "name"), [(payments, "book"), (payments, "tie_to"), (cursors, "finish")])
def test_killed_while_a_payment_is_taken_over_it_is_recorded_once(
    linked: LinkedFirm, monkeypatch: pytest.MonkeyPatch, of: Any, name: str
) -> None:
    invoice = sent_invoice(linked)
    both_ways(linked, *MODULES)
    look(linked)
    paid_there(linked, invoice, 100)
    with monkeypatch.context() as patch:
        patch.setattr(of, name, dying(getattr(of, name), 1))
        with pytest.raises(Killed):
            look(linked)
    look(linked)
    assert balance(linked, invoice).minor == 13580
    assert len(linked.there("customerpayments")) == len([one for one in linked.mirror("payment") if one.remote_id]) == 1


def test_a_reading_that_runs_out_of_time_goes_on_where_it_stood(
    seven_new: LinkedFirm, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(draining, "TURN_S", 0)
        look(seven_new)
    stood = cursor(seven_new, "customer")
    assert stood.lower is not None and stood.looked_at is not None
    look(seven_new)
    assert names_here(seven_new) == NAMES
    assert cursor(seven_new, "customer").looked_at == stood.began_at  # what was changed since may not be in it


def test_a_list_that_cannot_be_read_is_said_and_tried_again(linked: LinkedFirm) -> None:
    both_ways(linked, "customer")
    linked.zoho.break_down("status", method="GET", path="/contacts", status=400, code=4, message="Invalid value")
    act(linked, "POST /contacts", contact_name=NAMES[0])
    look(linked)
    assert cursor(linked, "customer").problem != ""
    look(linked)
    assert (names_here(linked), cursor(linked, "customer").problem) == ([NAMES[0]], "")


def test_when_little_of_the_day_is_left_nothing_is_looked_for(linked: LinkedFirm) -> None:
    both_ways(linked, "customer")
    linked.change("UPDATE links SET quota_limit = 1000, quota_left = 10,"
                  " quota_resets_at = clock_timestamp() + interval '1 hour'")  # fmt: skip
    linked.zoho.forget_requests()
    look(linked)
    assert linked.zoho.requests(linked.remote) == []


START = datetime(2026, 3, 1, tzinfo=UTC)
SECONDS = st.lists(st.integers(0, 6), min_size=1, max_size=12)


@given(SECONDS, st.integers(2, 4), st.lists(st.none() | st.integers(0, 11), max_size=8))
def test_paging_meets_every_change_while_records_go_on_changing(
    seconds: list[int], size: int, moves: list[int | None]
) -> None:
    """Fewer records share a stamp than fit on a page. What is changed between two pages is met as it is then."""
    kept = [second for at, second in enumerate(seconds) if seconds[:at].count(second) < size - 1]
    rows = {number: START + timedelta(seconds=second) for number, second in enumerate(kept)}
    moves = list(moves)
    place, met = rules.begin(START), dict[int, datetime]()
    while True:
        listed = sorted((stamp, number) for number, stamp in rows.items() if stamp >= place.lower)
        window = listed[(place.page - 1) * size : place.page * size]
        met |= {number: stamp for stamp, number in window}
        if len(listed) <= place.page * size:
            break
        place = rules.go_on(place, [stamp for stamp, _ in window], is_sorted=True)
        moved = moves.pop() if moves else None
        if moved in rows:
            rows[moved] = max(rows.values()) + timedelta(seconds=1)
    assert met == rows


@given(st.integers(1, 12), st.integers(1, 4))
def test_paging_meets_all_where_one_stamp_fills_several_pages(count: int, size: int) -> None:
    place, met = rules.begin(START), set[int]()
    while window := list(range(count))[(place.page - 1) * size : place.page * size]:
        met |= set(window)
        place = rules.go_on(place, [START] * len(window), is_sorted=True)
    assert met == set(range(count))


MOVES = st.lists(st.none() | st.tuples(st.sampled_from(["change", "delete"]), st.integers(0, 11)), max_size=12)


@given(st.integers(1, 12), st.integers(2, 4), MOVES)
def test_a_list_in_another_order_is_met_whole_while_records_change_and_go(
    count: int, size: int, moves: list[tuple[str, int] | None]
) -> None:
    """Listed by when they were made: a change on a page already read, or a deletion that moves the others, skips
    nothing for good. Twice within two readings at the same place it could: then the night's comparison finds it."""
    rows = {number: START + timedelta(minutes=5 * number) for number in range(count)}
    met, now = dict[int, datetime](), START + timedelta(hours=2)
    deletions = [move for move in moves if move and move[0] == "delete"]
    moves = [move for move in moves if move not in deletions[1:]]
    since, sure = START, None
    for _reading in range(len(moves) + 4):
        place, began, pages, seen = rules.begin(since), now, 0, set[int]()
        while True:
            listed = [number for number in sorted(rows) if rows[number] >= place.lower]
            window = listed[(place.page - 1) * size : place.page * size]
            met |= {number: rows[number] for number in window}
            seen |= set(window)
            pages, now = pages + 1, now + timedelta(minutes=1)
            if len(listed) <= place.page * size:
                break
            place = rules.go_on(place, [rows[number] for number in window], is_sorted=False)
            move = moves.pop() if moves else None
            if move and move[1] in rows and move[0] == "delete":
                del rows[move[1]]
            elif move and move[1] in rows:
                rows[move[1]] = now
        highest = max((met[number] for number in seen), default=None)
        since, sure = rules.known_until(since, sure, highest, began, pages=pages, is_sorted=False)
        now += timedelta(minutes=10)
    assert {number: met.get(number) for number in rows} == rows


@pytest.mark.parametrize(("limit", "modules"), [(None, 1), (1_000, 4), (2_000, 5), (10_000, 5)])
def test_looking_stays_within_a_quarter_of_the_day(limit: int | None, modules: int) -> None:
    each = timedelta(days=1) / rules.pause(limit, 1, modules, 0)
    assert each * modules <= (limit or 1_000) / 4
    assert rules.pause(limit, 1, modules, 2) > rules.pause(limit, 1, modules, 0)


def test_looks_of_the_drain_wait_for_what_is_to_be_sent(linked: LinkedFirm) -> None:
    """A customer made there while ours is on its way under the same number is adopted, not made a second time here."""
    linked.zoho.break_down("cut_after", path="/contacts")
    both_ways(linked, "customer")
    look(linked)
    drain(linked.organisation_id)
    with job_session(linked.organisation_id) as session:
        assert session.query(Customer).count() == len(linked.there("contacts")) == 1


def test_any_number_of_questions_can_be_asked_on_one_connection(linked: LinkedFirm) -> None:
    """After a few, the statement is prepared once for all, and must find its index even so."""
    of = {"organisation_id": linked.organisation_id, "link_id": linked.link().id, "module": "customer",
          "local_id": linked.firm.customer_id, "remote_id": "1"}  # fmt: skip
    with job_session(linked.organisation_id) as session:
        for number in range(20):
            asking.ask(session, of, "gone", theirs=str(number))
    (question,) = questions(linked)
    assert question.theirs == "19"
