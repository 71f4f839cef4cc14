"""The end of a storm is waited for by what gets on, not by the clock."""

from tests.chaos.run import STUCK_AFTER_S, Watch


def test_what_gets_on_slowly_is_not_stuck() -> None:
    watch = Watch(0)
    for at, left in enumerate((["a", "b", "c"], ["b", "c"], ["c", "d"], ["d"])):
        assert not watch.is_stuck(left, at * (STUCK_AFTER_S - 1))


def test_what_is_tried_again_and_again_is_stuck_whatever_comes_beside_it() -> None:
    watch = Watch(0)
    assert not watch.is_stuck(["a"], 1)
    assert not watch.is_stuck(["a", "b"], STUCK_AFTER_S - 1)
    assert watch.is_stuck(["a", "b", "c"], STUCK_AFTER_S + 1)


def test_where_nothing_is_left_nothing_is_stuck() -> None:
    watch = Watch(0)
    assert not watch.is_stuck([], 10 * STUCK_AFTER_S)
    assert not watch.is_stuck(["a"], 10 * STUCK_AFTER_S + 1)
