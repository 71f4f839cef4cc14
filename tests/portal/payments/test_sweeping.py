"""A webhook that is down loses nothing: what Stripe noted itself is read, once, and somebody is told."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from portal.gateways.stripe_gateway import listing
from portal.payments.models import StripeAccount, StripeEvent
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import Firm, sign_in
from tests.paying import Till, key_of
from tests.portal.payments.test_recording import WHOLE, due
from tests.portal.payments.test_refunding import charge_of, states
from workers import payment_jobs


def sweep(firm: Firm, *, hours: int = 1) -> StripeAccount:
    """What the payments worker does `hours` from now; the account afterwards."""
    with clock.at(clock.now() + timedelta(hours=hours, minutes=1)):
        payment_jobs.look(firm.organisation_id)
    with job_session(firm.organisation_id) as session:
        return session.scalars(select(StripeAccount)).one()


def events(firm: Firm) -> list[str]:
    with job_session(firm.organisation_id) as session:
        return list(session.scalars(select(StripeEvent.kind).order_by(StripeEvent.id)))


@pytest.mark.failure_mode(6)
def test_a_refund_at_stripe_that_nobody_told_us_of_is_found(
    till: Till, firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_A_PAGE", 1)  # so that there are several
    till.connect(firm)
    invoice_id, path = till.invoice(firm)
    till.events("drop")
    till.pay(path)
    till.stand_in.control(f"charges/{charge_of(till, firm)}/refunds", amount=5000)
    account = sweep(firm)
    assert account.missed_events == len(events(firm)) == 2
    page = sign_in(till.browser(), firm, "administrator").get("/payments/settings").text
    assert "messages do not reach us" in page and f"fetched {account.missed_events} " in page
    before = events(firm)
    assert sweep(firm, hours=2).missed_events == 0
    assert events(firm) == before
    assert (due(firm, invoice_id), states(firm)) == (5000, [("succeeded", 5000)])
    assert "do not reach us" not in sign_in(till.browser(), firm, "administrator").get("/payments/settings").text


def test_what_came_by_itself_is_not_missed(till: Till, firm: Firm) -> None:
    till.connect(firm)
    invoice_id, path = till.invoice(firm)
    till.pay(path)
    till.work(firm)
    before = events(firm)
    assert sweep(firm).missed_events == 0
    assert (events(firm), due(firm, invoice_id)) == (before, 0)


def test_a_key_that_may_not_read_events_holds_up_nothing_else_and_the_page_says_so(till: Till, firm: Firm) -> None:
    till.connect(firm)
    key = {"key": key_of(firm), "missing": ["event:read"]}
    till.stand_in.control(
        "accounts", id=f"acct_{firm.organisation_id}", keys=[key], name="A firm", country="GB", currency="gbp",
        livemode=False,
    )  # fmt: skip
    invoice_id, path = till.invoice(firm)
    till.events("drop")
    till.pay(path)
    account = sweep(firm)
    assert account.sweep_problem and account.missed_events == 0
    assert due(firm, invoice_id) == 0 != WHOLE
    page = sign_in(till.browser(), firm, "administrator").get("/payments/settings").text
    assert "the right to read events" in page


def test_the_sweeper_rings_for_it_once_an_hour(till: Till, firm: Firm) -> None:
    till.connect(firm)
    query = text("SELECT count(*) FROM gate.due_sweeps(:at) WHERE organisation_id = :id")

    def is_due(minutes: int) -> bool:
        with job_session(firm.organisation_id) as session:
            at = clock.now() + timedelta(minutes=minutes)
            return bool(session.scalar(query, {"at": at, "id": firm.organisation_id}))

    assert (is_due(50), is_due(61)) == (False, True)
    sweep(firm)
    assert (is_due(61), is_due(123)) == (False, True)
