"""A worker that dies while it voids a credit note in Zoho: whoever comes next takes up what is left, and only that."""

import signal

import pytest

from tests.conftest import World
from tests.faults.test_mirror_never_twice import worker
from tests.portal.accounting.stand_in import linked_to_either, wait_until, zoho
from tests.portal.accounting.test_credit_notes_changed_there import credited, go_on, open_there
from tests.portal.accounting.test_mirror_note_voids import Credited, assert_void_on_both, statuses, void_here

__all__ = ["credited", "linked_to_either", "zoho"]


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/creditsapplied"), ("POST", "/status/void")])
def test_a_worker_killed_after_either_step_of_it_and_before_our_commit(
    world: World, credited: Credited, method: str, path: str
) -> None:
    linked, invoice, note = credited
    void_here(linked, note)
    linked.zoho.forget_requests()
    linked.zoho.break_down("hang", method=method, path=path, seconds=30)
    is_off = {"DELETE": lambda: open_there(linked)[invoice.number or ""] == 235.8}
    with worker(world, linked.organisation_id) as process:
        wait_until(is_off.get(method, lambda: statuses(linked) == ["void"]), what=f"{method} {path} there")
        process.send_signal(signal.SIGKILL)
        process.wait()
    linked.zoho.mend()
    linked.make_due()
    go_on(linked)
    written = [one["method"] for one in linked.zoho.requests(linked.remote) if one["method"] != "GET"]
    assert written == ["DELETE", "POST"]  # what the dead one had done was read, and not done again
    assert_void_on_both(linked, invoice, note)
