"""Budget, patience, agreement, and which organisations may be chosen."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.accounting import rules

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
MINUTE = timedelta(seconds=60)


@pytest.mark.parametrize(
    ("calls", "left_today", "said"),
    [(1, 1000, "about 1 minute"), (950, 1000, "about 10 minutes"),
     (951, 1000, "about 1 day, as Zoho allows 1,000 calls a day"),
     (2000, 0, "about 3 days, as Zoho allows 1,000 calls a day")],
)  # fmt: skip
def test_an_estimate_counts_the_calls_of_the_day(calls: int, left_today: int, said: str) -> None:
    assert rules.time_for(calls, a_minute=100, a_day=1000, left_today=left_today).startswith(said)


@given(
    limit=st.integers(1, 100),
    gaps=st.lists(st.floats(0, 20, allow_nan=False), min_size=1, max_size=150),
    delays=st.lists(st.floats(0, 1.9, allow_nan=False), min_size=150, max_size=150),
)
def test_no_minute_at_zoho_sees_more_calls_than_the_limit(limit: int, gaps: list[float], delays: list[float]) -> None:
    """However the calls come, and although each may dawdle up to two seconds on its way."""
    now, recent, arrived = START, list[datetime](), list[datetime]()
    for gap, delay in zip(gaps, delays, strict=False):
        now += timedelta(seconds=gap)
        budget = rules.spend(recent, now, limit)
        recent = budget.recent
        if budget.quiet_until is None:
            arrived.append(now + timedelta(seconds=delay))
        else:
            assert budget.quiet_until > now
    for begin in arrived:
        assert sum(begin <= at < begin + MINUTE for at in arrived) <= limit


@given(limit=st.integers(1, 100))
def test_after_the_pause_there_is_room_again(limit: int) -> None:
    full = [START + timedelta(milliseconds=number) for number in range(limit)]
    pause = rules.spend(full, START + timedelta(seconds=1), limit)
    assert pause.quiet_until is not None and pause.recent == full
    assert rules.spend(full, pause.quiet_until, limit).quiet_until is None


@pytest.mark.parametrize(("tries", "seconds"), [(0, 2), (1, 2), (2, 4), (5, 32), (9, 512), (10, 900), (1000, 900)])
def test_a_pause_doubles_up_to_a_quarter_of_an_hour(tries: int, seconds: int) -> None:
    assert rules.pause_after(tries) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("limit", "left", "room"),
    [(None, None, "all"), (1000, 51, "all"), (1000, 50, "sales"), (100, 20, "sales"), (100, 21, "all"),
     (1000, 26, "sales"), (1000, 25, "payments"), (100, 5, "payments"), (1000, 0, "payments")],
)  # fmt: skip
def test_the_last_calls_of_a_day_are_reserved(limit: int | None, left: int | None, room: str) -> None:
    assert rules.room_in(limit, left) == room


@pytest.mark.parametrize(
    ("states", "shown"),
    [
        ([], "waiting"), ([""], "waiting"), (["in_step"], "in step"), (["in_step", ""], "waiting"),
        (["in_step", "sending"], "sending"), (["pending", "sending"], "sending"), (["paused"], "left out"),
        (["in_step", "paused"], "left out"),
        (["in_step", "failed"], "needs a look"), (["sending", "mismatch"], "needs a look"),
        (["conflict"], "needs a look"),
    ],
)  # fmt: skip
def test_one_word_tells_of_an_invoice_and_its_payments(states: list[str], shown: str) -> None:
    assert rules.shown_state(states) == shown


def organisation(**facts: object) -> dict[str, object]:
    return {
        "organization_id": "1", "name": "Firm", "currency_code": "GBP", "country": "UK", "plan_name": "FREE",
        "org_joined_app_list": ["books", "invoice"], "is_trial_expired": False, "is_org_active": True, "user_status": 1,
        "is_quick_setup_completed": True, "mode": "live", "listed_by": "books",
    } | facts  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "product"),
    [
        ({}, "books"), ({"org_joined_app_list": ["invoice"]}, "invoice"), ({"org_joined_app_list": ["inventory"]}, ""),
        ({"is_trial_expired": True}, ""), ({"is_org_active": False}, ""), ({"is_subscription_paused": True}, ""),
        ({"mode": "test"}, ""), ({"isOrgNotSupported": True}, ""),
    ],
)  # fmt: skip
def test_which_organisations_may_be_linked(facts: dict[str, object], product: str) -> None:
    choice = rules.sort_out([organisation(**facts)], "GBP")
    assert [each.product for each in choice.candidates] == ([product] if product else [])
    assert (choice.expired, choice.unusable) == (
        (1, 0) if "is_trial_expired" in facts else (0, 0 if product else 1)
    )  # fmt: skip


def test_an_organisation_that_was_never_set_up_is_left_out() -> None:
    unfinished = organisation(is_quick_setup_completed=False)
    del unfinished["user_status"]
    assert rules.sort_out([unfinished], "GBP").unusable == 1


def test_an_organisation_that_does_not_tell_its_products_is_taken_by_who_listed_it() -> None:
    silent = organisation(listed_by="invoice")
    del silent["org_joined_app_list"]
    assert rules.sort_out([silent], "GBP").candidates[0].product == "invoice"


def test_both_products_listing_one_organisation_make_one_choice() -> None:
    choice = rules.sort_out([organisation(), organisation(listed_by="invoice")], "GBP")
    assert len(choice.candidates) == 1 and choice.unusable == 0


def test_books_in_another_currency_are_shown_with_the_reason() -> None:
    (candidate,) = rules.sort_out([organisation(currency_code="EUR")], "GBP").candidates
    assert candidate.obstacle == "It keeps its books in EUR, and you bill in GBP."


def test_a_name_with_its_number_still_fits() -> None:
    assert rules.with_number("Maple", "C-00001", 200) == "Maple (C-00001)"
    assert len(rules.with_number("x" * 300, "C-00001", 200)) == 200
