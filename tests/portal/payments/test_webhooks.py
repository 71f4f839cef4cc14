"""Stripe's events at the door: forged ones leave nothing, real ones are kept once, what is not ours is left alone."""

import json
import time
from typing import Any

import pytest
import requests
import stripe
from sqlalchemy import create_engine, select, text, update

from portal.payments.actions import webhook_secrets
from portal.payments.models import StripeAccount, StripeEvent
from portal.payments.rules import MOST_TRIES
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import Firm
from tests.conftest import World
from tests.paying import Till, paid_once
from workers import payment_jobs


@pytest.fixture
def door(till: Till, firm: Firm) -> "Door":
    till.connect(firm)
    return Door(till, firm)


class Door:
    """A firm's webhook address, and its secret."""

    def __init__(self, till: Till, firm: Firm) -> None:
        self.firm = firm
        with job_session(firm.organisation_id) as session:
            account = session.scalars(select(StripeAccount)).one()
            self.url = f"{till.url}/webhooks/stripe/{account.endpoint_key}"
            self.secret = webhook_secrets(account)[0]

    def knock(self, body: str, header: str | None = None, *, signed_at: int | None = None) -> int:
        header = (
            stripe.WebhookSignature.generate_signature_header(body, self.secret, signed_at)
            if header is None
            else header
        )
        return requests.post(self.url, data=body.encode(), headers={"Stripe-Signature": header}, timeout=10).status_code

    def rows(self) -> list[StripeEvent]:
        with job_session(self.firm.organisation_id) as session:
            return list(session.scalars(select(StripeEvent)))


def event(event_id: str = "evt_1", kind: str = "checkout.session.completed", **about: Any) -> str:
    facts = {"id": "cs_1", "object": "checkout.session", "metadata": {}} | about
    return json.dumps({"id": event_id, "object": "event", "type": kind, "livemode": False, "data": {"object": facts}})


def ours(firm: Firm, attempt: str) -> dict[str, str]:
    return {"app": "portal", "env": "test", "tenant": str(firm.organisation_id), "attempt": attempt}


def sign(body: str, secret: str, at: int | None = None) -> str:
    return str(stripe.WebhookSignature.generate_signature_header(body, secret, at))


@pytest.mark.failure_mode(19)
def test_a_signed_event_is_kept_once(door: Door) -> None:
    assert [door.knock(event()) for _ in range(3)] == [200, 200, 200]
    assert len(door.rows()) == 1


@pytest.mark.failure_mode(18)
@pytest.mark.failure_mode(19)
@pytest.mark.failure_mode(20)
def test_an_event_without_a_good_signature_leaves_no_row(door: Door) -> None:
    body, now = event(), int(time.time())
    forged = {
        "unsigned": door.knock(body, ""),
        "nonsense": door.knock(body, "t=x,v1=y"),
        "no time": door.knock(body, "v1=" + "0" * 64),
        "another secret": door.knock(body, sign(body, "whsec_somebody")),
        "empty secret": door.knock(body, sign(body, "")),
        "too old": door.knock(body, signed_at=now - 301),
        "from the future": door.knock(body, signed_at=now + 3600),
        "changed afterwards": door.knock(body + " ", sign(body, door.secret)),
        "older scheme": door.knock(body, sign(body, door.secret).replace("v1=", "v0=")),
    }
    assert set(forged.values()) == {400}, forged
    assert door.rows() == []


def test_what_is_signed_but_no_event_is_refused(door: Door) -> None:
    bodies = ["", "{}", "[]", "null", '"text"', "not json", '{"id": "evt_1"}', '{"id":1,"type":"x","data":{}}']
    assert {door.knock(body) for body in bodies} == {400}
    raw = b"\xff\xfe"
    answer = requests.post(door.url, data=raw, headers={"Stripe-Signature": "t=1,v1=0"}, timeout=10)
    assert answer.status_code == 400
    assert door.rows() == []


@pytest.mark.failure_mode(18)
def test_another_firms_event_is_refused_here(till: Till, door: Door, other_firm: Firm) -> None:
    till.connect(other_firm)
    body = event()
    assert door.knock(body, sign(body, Door(till, other_firm).secret)) == 400
    assert door.rows() == []


def test_an_address_that_is_nobodys_answers_404(till: Till, door: Door) -> None:
    body = event()
    for end in ("nobody", "%00", "a" * 5000):
        answer = requests.post(
            f"{till.url}/webhooks/stripe/{end}",
            data=body,
            headers={"Stripe-Signature": sign(body, door.secret)},
            timeout=9,
        )
        assert answer.status_code == 404, end


def test_a_body_beyond_one_mebibyte_is_refused(door: Door) -> None:
    assert door.knock(" " * (1024 * 1024 + 1)) == 413


def test_strange_characters_in_an_event_are_kept_harmlessly(door: Door) -> None:
    assert door.knock(event(metadata={"a\u0000b": "x\u0000\u202ey"})) == 200
    assert door.rows()[0].body["metadata"] == {"ab": "xy"}


@pytest.mark.parametrize(
    "about", [
        {"metadata": {}},
        {"metadata": {"app": "someone-else"}},
        {"metadata": {"app": "portal", "env": "production"}},
        {"metadata": {"app": "portal", "env": "test", "tenant": "0"}},
        {"kind": "payment_intent.created", "object": "payment_intent"},
        {"kind": "brand.new.kind", "object": "novelty"},
    ],
)  # fmt: skip
@pytest.mark.failure_mode(8)
def test_what_is_not_ours_is_ignored(door: Door, about: dict[str, Any]) -> None:
    assert door.knock(event(**about)) == 200
    payment_jobs.look(door.firm.organisation_id)
    assert [row.state for row in door.rows()] == ["ignored"]


@pytest.mark.failure_mode(28)
def test_a_live_event_for_a_test_account_is_ignored_aloud(door: Door) -> None:
    body = event(metadata=ours(door.firm, "x")).replace('"livemode": false', '"livemode": true')
    assert door.knock(body) == 200
    payment_jobs.look(door.firm.organisation_id)
    assert door.rows()[0].state == "ignored"
    assert "ALERT" in door.rows()[0].last_error


@pytest.mark.failure_mode(7)
def test_an_event_that_cannot_be_kept_is_not_acknowledged_and_comes_again(door: Door, world: World) -> None:
    owner = create_engine(world.owner_url)
    with owner.begin() as connection:
        connection.execute(text("ALTER TABLE stripe_events ADD CONSTRAINT full_disk CHECK (event_id <> 'evt_full')"))
    try:
        assert door.knock(event("evt_full")) == 500
    finally:
        with owner.begin() as connection:
            connection.execute(text("ALTER TABLE stripe_events DROP CONSTRAINT full_disk"))
        owner.dispose()
    assert door.rows() == []
    assert door.knock(event("evt_full")) == 200 and len(door.rows()) == 1


@pytest.mark.failure_mode(7)
def test_an_event_is_tried_again_until_stripe_answers(till: Till, door: Door) -> None:
    till.pay(till.invoice(door.firm)[1])
    till.stand_in.idle()
    till.fault("error_500", "sessions/cs_", method="GET", times=50)
    payment_jobs.look(door.firm.organisation_id)
    waiting = door.rows()[0]
    assert (waiting.state, waiting.attempts) == ("new", 1) and "did not answer" in waiting.last_error
    _make_due(door.firm)
    payment_jobs.look(door.firm.organisation_id)
    assert (door.rows()[0].state, door.rows()[0].attempts) == ("new", 2)
    till.no_faults()
    _make_due(door.firm)
    payment_jobs.look(door.firm.organisation_id)
    assert door.rows()[0].state == "done"
    assert paid_once(till.books(door.firm))


def test_an_event_that_never_works_waits_for_a_person_and_holds_up_nobody(till: Till, door: Door) -> None:
    door.knock(event("evt_lost", metadata=ours(door.firm, "00000000-0000-4000-8000-000000000000")))
    door.knock(event("evt_odd", metadata=ours(door.firm, "no uuid at all")))
    till.pay(till.invoice(door.firm)[1])
    till.work(door.firm)
    assert paid_once(till.books(door.firm))
    for _ in range(MOST_TRIES):
        _make_due(door.firm)
        payment_jobs.look(door.firm.organisation_id)
    assert sorted(row.state for row in door.rows()) == ["done", "failed", "failed"]


@pytest.mark.failure_mode(18)
def test_without_a_secret_nothing_is_taken_in(door: Door) -> None:
    with job_session(door.firm.organisation_id) as session:
        session.execute(update(StripeAccount).values(webhook_secrets_sealed=""))
    assert door.knock(event(), sign(event(), "")) == 503
    assert door.rows() == []


def _make_due(firm: Firm) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(StripeEvent).values(next_try_at=clock.now()))
