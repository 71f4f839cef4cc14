"""The comparison of both sides: no difference means equal, and each planted drift is found once, by its cause."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.accounting.reconciliation import causes, comparing
from portal.accounting.reconciliation.comparing import (
    DELETED_THERE,
    KEPT_APART,
    MISSING_HERE,
    MISSING_THERE,
    NOT_TIED,
    OTHER_BALANCE,
    OTHER_DATE,
    OTHER_NUMBER,
    OTHER_STATUS,
    OTHER_TOTAL,
    OTHER_VALUES,
    TWICE_THERE,
    Drift,
    Ours,
    Side,
    Sums,
    Theirs,
    compare,
)

AMOUNTS = st.integers(0, 10**9)
STATUSES = st.sampled_from(["sent", "void"])
DAYS = st.dates(date(2025, 11, 1), date(2026, 2, 28))
PLANTED = (
    MISSING_THERE, DELETED_THERE, MISSING_HERE, NOT_TIED, TWICE_THERE, OTHER_STATUS, OTHER_NUMBER, OTHER_DATE,
    OTHER_TOTAL, OTHER_BALANCE, OTHER_VALUES, KEPT_APART,
)  # fmt: skip


@st.composite
def records(draw: st.DrawFn) -> list[Ours]:
    numbers = draw(st.lists(st.integers(1, 10**6), unique=True, max_size=30))
    return [
        Ours(
            f"INV-{number}", number, f"INV-{number}", f"INV-{number}", draw(DAYS), draw(STATUSES), draw(AMOUNTS),
            draw(AMOUNTS), draw(AMOUNTS), twin=f"r{number}",
        )
        for number in numbers
    ]  # fmt: skip


def twin_of(one: Ours) -> Theirs:
    return Theirs(one.key, one.twin, one.number, one.label, one.day, one.status, one.total, one.open)


def found(ours: list[Ours], theirs: list[Theirs]) -> tuple[list[Drift], Sums]:
    sums = Sums()
    in_order = sorted(ours, key=lambda one: one.key), sorted(theirs, key=lambda one: one.key)
    return list(compare(*in_order, sums)), sums


@given(records(), records(), st.sets(st.integers(0, 29), max_size=2))
def test_no_difference_means_that_both_sides_hold_the_same(ours: list[Ours], more: list[Ours], less: set[int]) -> None:
    theirs = [twin_of(one) for at, one in enumerate(ours) if at not in less]
    theirs += [twin_of(one) for one in more[:1]]
    drifts, sums = found(ours, theirs)
    is_same = Counter(map(twin_of, ours)) == Counter(theirs)
    assert (drifts == []) is is_same
    if is_same:
        assert sums.ours == sums.theirs and sum(side.count for side in sums.ours.values()) == len(ours)


def plant(cause: str, one: Ours) -> tuple[list[Ours], list[Theirs]]:
    """`one` and its twin, with one thing wrong."""
    twin = twin_of(one)
    changed = {
        OTHER_STATUS: replace(twin, status="draft"), OTHER_NUMBER: replace(twin, number=one.number + "x"),
        OTHER_DATE: replace(twin, day=(one.day or date.min) + timedelta(1)),
        OTHER_TOTAL: replace(twin, total=one.total + 1, open=one.open + 1),
        OTHER_BALANCE: replace(twin, open=one.open + 1),
    }  # fmt: skip
    if cause in changed:
        return [one], [changed[cause]]
    return {
        MISSING_THERE: ([replace(one, twin="")], []), DELETED_THERE: ([one], []), MISSING_HERE: ([], [twin]),
        NOT_TIED: ([replace(one, twin="")], [twin]),
        KEPT_APART: ([replace(one, is_apart=True)], [replace(twin, open=one.open + 1)]),
        OTHER_VALUES: ([replace(one, fields=[["name", "a", "b", "a", "b"]])], [twin]),
        TWICE_THERE: ([one], [twin, replace(twin, remote_id="zz")]),
    }[cause]  # fmt: skip


@given(records(), st.data())
def test_each_planted_drift_is_found_once_and_by_its_cause(whole: list[Ours], data: st.DataObject) -> None:
    ours: list[Ours] = []
    theirs: list[Theirs] = []
    planted = []
    for one in whole:
        cause = data.draw(st.sampled_from(("", *PLANTED)))
        here, there = plant(cause, one) if cause else ([one], [twin_of(one)])
        ours, theirs = ours + here, theirs + there
        planted += [(cause, one.key)] if cause else []
    drifts, _ = found(ours, theirs)
    assert sorted((drift.cause, (drift.ours or drift.theirs).key) for drift in drifts) == sorted(planted)  # type: ignore[union-attr]


@given(records())
def test_a_month_comes_to_the_sum_of_its_records_and_void_ones_count_for_nothing(ours: list[Ours]) -> None:
    _, sums = found(ours, [])
    for month, side in sums.ours.items():
        of_month = [one for one in ours if one.day and one.day.replace(day=1) == month]
        alive = [one for one in of_month if one.status != "void"]
        assert side == Side(
            len(of_month), *(sum(getattr(one, what) for one in alive) for what in ("total", "tax", "open"))
        )


def test_what_moves_is_left_out_on_both_sides() -> None:
    one = Ours("INV-1", 1, "INV-1", day=date(2026, 3, 1), total=5, twin="r1", is_moving=True)
    drifts, sums = found([one], [replace(twin_of(one), total=7)])
    assert (drifts, sums.moving, sums.ours, sums.theirs) == ([], 1, {}, {})


def test_records_of_theirs_without_a_number_are_no_pair_of_each_other() -> None:
    drifts, _ = found([], [Theirs("", "r1"), Theirs("", "r2")])
    assert [drift.cause for drift in drifts] == [MISSING_HERE, MISSING_HERE]


def test_deleted_and_made_anew_there_under_its_number_is_one_thing_to_decide() -> None:
    one = Ours("INV-1", 1, "INV-1", day=date(2026, 3, 1), twin="r1")
    drifts, _ = found([one], [replace(twin_of(one), remote_id="r9")])
    assert [drift.cause for drift in drifts] == [NOT_TIED]


def test_every_cause_has_its_words() -> None:
    assert set(causes.WORDS) == {*PLANTED, comparing.ONLY_THERE, comparing.ASKED}


@pytest.mark.parametrize(
    ("module", "is_theirs", "fixes", "says"),
    [
        ("invoice", False, ("push",), "lines or taxes were changed. Send ours again"),
        ("payment", False, ("push",), "amount was changed. Send ours again"),
        ("payment", True, (), "amount was changed. It was recorded in Zoho"),
        ("credit_note", False, (), "never written over"),
    ],
)
def test_what_is_never_written_over_is_not_offered_to_be_sent_again(
    module: str, is_theirs: bool, fixes: tuple[str, ...], says: str
) -> None:
    assert causes.fixes_of(OTHER_TOTAL, "", module, is_theirs=is_theirs) == fixes
    assert says in causes.advice_of(OTHER_TOTAL, module, fixes)


def test_an_invoice_that_is_only_there_is_never_said_to_come_here() -> None:
    assert "do not come here" in causes.advice_of(MISSING_HERE, "invoice", ())
    assert "comes here at the next look" in causes.advice_of(MISSING_HERE, "payment", ())
