"""The three-way merge: no change is lost, nothing is invented, and it comes to rest."""

from hypothesis import given
from hypothesis import strategies as st

from portal.accounting.merging import Merged, merge

SIDES = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["", "x", "y", "z"]))
WAYS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["push", "pull", "both"]))
WINS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["ours", "theirs", "ask"]))


def settled(ours: dict[str, str], theirs: dict[str, str], merged: Merged) -> tuple[dict[str, str], dict[str, str]]:
    """Both sides after what the merge says was done."""
    return ours | merged.take, theirs | merged.send


def changed(base: dict[str, str], side: dict[str, str]) -> set[str]:
    return {name for name in "abcd" if base.get(name, "") != side.get(name, "")}


@given(SIDES, SIDES)
def test_equal_sides_need_nothing(base: dict[str, str], both: dict[str, str]) -> None:
    merged = merge(base, both, both, {})
    assert merged.is_equal
    assert changed(merged.common, both) == set()


@given(SIDES, SIDES, SIDES, WINS)
def test_no_change_is_lost(
    base: dict[str, str], ours: dict[str, str], theirs: dict[str, str], wins: dict[str, str]
) -> None:
    merged = merge(base, ours, theirs, wins)
    here, there = settled(ours, theirs, merged)
    for name in "abcd":
        o, t, values = ours.get(name, ""), theirs.get(name, ""), {here.get(name, ""), there.get(name, "")}
        if name in merged.ask:
            assert merged.ask[name] == (o, t) and values == {o, t}
        elif name in changed(base, ours) - changed(base, theirs):
            assert values == {o}
        elif name in changed(base, theirs) - changed(base, ours):
            assert values == {t}
        else:
            winner = wins.get(name, "ask")
            assert o == t or values == {o if winner == "ours" else t}


@given(SIDES, SIDES, SIDES, WINS)
def test_a_second_merge_finds_only_what_is_asked(
    base: dict[str, str], ours: dict[str, str], theirs: dict[str, str], wins: dict[str, str]
) -> None:
    merged = merge(base, ours, theirs, wins)
    again = merge(merged.common, *settled(ours, theirs, merged), wins)
    assert (again.take, again.send) == ({}, {})
    assert again.ask == merged.ask


@given(SIDES, SIDES, SIDES, WINS)
def test_what_is_sent_goes_on_counting_as_changed_here_until_it_has_arrived(
    base: dict[str, str], ours: dict[str, str], theirs: dict[str, str], wins: dict[str, str]
) -> None:
    merged = merge(base, ours, theirs, wins)
    unsent = merge(merged.common, ours | merged.take, theirs, wins)
    assert unsent.send == merged.send and unsent.take == {}


@given(SIDES, SIDES, SIDES)
def test_where_nothing_is_asked_the_sides_may_be_swapped(
    base: dict[str, str], ours: dict[str, str], theirs: dict[str, str]
) -> None:
    one, other = merge(base, ours, theirs, {}), merge(base, theirs, ours, {})
    assert (one.take, one.send) == (other.send, other.take)
    assert one.ask.keys() == other.ask.keys()
    if not one.ask:
        here, there = settled(ours, theirs, one)
        assert changed(here, there) == set()


@given(SIDES, SIDES, SIDES, WINS, WAYS)
def test_a_field_goes_only_in_the_direction_of_its_row(
    base: dict[str, str], ours: dict[str, str], theirs: dict[str, str], wins: dict[str, str], ways: dict[str, str]
) -> None:
    merged = merge(base, ours, theirs, wins, ways)
    pushed = {name for name, way in ways.items() if way == "push"}
    pulled = {name for name, way in ways.items() if way == "pull"}
    assert not pushed & {*merged.take, *merged.ask} and not pulled & {*merged.send, *merged.ask}
    assert set(merged.send) & pushed == pushed & changed(base, ours) & changed(ours, theirs)
    here, there = settled(ours, theirs, merged)
    assert not changed(here, there) & pulled
    again = merge(merged.common, here, there, wins, ways)
    assert (again.take, again.send) == ({}, {})
