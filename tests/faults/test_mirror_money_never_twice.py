"""Whatever breaks while money is moved in Zoho, it is moved once."""

import signal
from collections.abc import Callable
from typing import Any

import pytest

from portal.accounting.mirror.drain import drain
from tests.conftest import World
from tests.faults.test_mirror_never_twice import worker
from tests.portal.accounting.doings import credit, fail_refund, give_back, pay, reverse, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm, wait_until, zoho
from tests.portal.accounting.stand_in import linked_to_either as linked

__all__ = ["linked", "zoho"]

Doing = Callable[[LinkedFirm], None]


def reversing(linked: LinkedFirm) -> None:
    payment_id = pay(linked, sent_invoice(linked), method="cash")
    drain(linked.organisation_id)
    reverse(linked, payment_id)


def giving_back(linked: LinkedFirm) -> None:
    payment_id = pay(linked, sent_invoice(linked))
    drain(linked.organisation_id)
    give_back(linked, payment_id, 3000)
    give_back(linked, payment_id, 2000)


def a_refund_coming_back(linked: LinkedFirm) -> None:
    payment_id = pay(linked, sent_invoice(linked))
    refund_id = give_back(linked, payment_id, 3000)
    drain(linked.organisation_id)
    fail_refund(linked, refund_id)


def crediting(linked: LinkedFirm) -> None:
    """Half of the note is more than is left to pay."""
    invoice = sent_invoice(linked)
    pay(linked, invoice, minor=15000)
    drain(linked.organisation_id)
    credit(linked, invoice, share="0.5")


# what happens, method and part of the path of the step that breaks, (balance, refunds, unused) in the end
STEPS = [
    pytest.param(reversing, "PUT", "/customerpayments", (235.8, [235.8], 0), id="taken off the invoice"),
    pytest.param(reversing, "POST", "/refunds", (235.8, [235.8], 0), id="reversed"),
    pytest.param(giving_back, "POST", "/refunds", (50, [20, 30], 0), id="given back"),
    pytest.param(a_refund_coming_back, "DELETE", "/refunds", (0, [], 0), id="refund withdrawn"),
    pytest.param(a_refund_coming_back, "PUT", "/customerpayments", (0, [], 0), id="put to the invoice again"),
    pytest.param(crediting, "POST", "/creditnotes", (0, [], 32.1), id="credited"),
    pytest.param(crediting, "POST", "/invoices", (0, [], 32.1), id="credit taken off"),
]
STEP = pytest.mark.parametrize(("happens", "method", "path", "ends"), STEPS)


def standing(linked: LinkedFirm) -> tuple[Any, ...]:
    """Balance of the invoice, refunds, unused money and credit: as it is in Zoho."""
    (invoice,), (payment,) = linked.there("invoices"), linked.there("customerpayments")
    refunds = sorted(refund["amount"] for refund in linked.there("paymentrefunds"))
    kept = sum(note["balance"] for note in linked.there("creditnotes"))
    return invoice["balance"], refunds, payment["unused_amount"] + kept


@STEP
@pytest.mark.parametrize("kind", ["cut_after", "error_500_after"])
def test_an_answer_that_is_lost(
    linked: LinkedFirm, kind: str, happens: Doing, method: str, path: str, ends: tuple[Any, ...]
) -> None:
    happens(linked)
    linked.zoho.break_down(kind, method=method, path=path)
    drain(linked.organisation_id)
    assert any(record.sending_since is not None for record in linked.mirror())
    linked.make_due()
    drain(linked.organisation_id)
    assert standing(linked) == ends
    assert {record.state for record in linked.mirror()} == {"in_step"}


@pytest.mark.parametrize(("happens", "method", "path", "ends"), [STEPS[1], STEPS[6]])
def test_a_worker_killed_after_the_step_and_before_our_commit(
    world: World, linked: LinkedFirm, happens: Doing, method: str, path: str, ends: tuple[Any, ...]
) -> None:
    happens(linked)
    linked.zoho.break_down("hang", method=method, path=path, seconds=30)
    with worker(world, linked.organisation_id) as process:
        wait_until(lambda: standing(linked) == ends, what="the step there")
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert any(record.state == "sending" for record in linked.mirror())
    linked.zoho.mend()
    linked.make_due()
    drain(linked.organisation_id)
    assert standing(linked) == ends
    assert {record.state for record in linked.mirror()} == {"in_step"}
