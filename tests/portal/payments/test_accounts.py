"""A firm's own Stripe account: which keys are taken, where events go, and that secrets are sealed."""

from typing import Any

import pytest
from sqlalchemy import select, text

from portal.gateways.errors import GatewayError
from portal.payments.actions import connect_stripe_account, refresh_webhook_address, webhook_secrets
from portal.payments.models import StripeAccount
from portal.payments.rules import CannotConnect
from portal.shared.running import here, job_session
from tests.builders import Firm
from tests.conftest import World
from tests.paying import Till, key_of


@pytest.mark.parametrize("key", ["", "hello", "pk_test_1", "sk_live_1", "rk_live_1", "rk_", "whsec_1"])
def test_keys_that_must_not_be_used_are_refused(till: Till, firm: Firm, key: str) -> None:
    with pytest.raises(CannotConnect):
        connect_stripe_account(firm.organisation_id, key)
    assert _accounts(firm) == []


def test_a_key_that_stripe_does_not_know_is_refused(till: Till, firm: Firm) -> None:
    with pytest.raises(GatewayError, match="does not know this key"):
        connect_stripe_account(firm.organisation_id, "rk_test_nobodys")
    assert _accounts(firm) == []


def test_connecting_again_keeps_one_account_and_one_endpoint(till: Till, firm: Firm) -> None:
    till.connect(firm)
    connect_stripe_account(firm.organisation_id, key_of(firm))
    assert len(_accounts(firm)) == len(_endpoints(till, firm)) == 1


def test_an_answer_lost_while_connecting_leaves_one_endpoint(till: Till, firm: Firm) -> None:
    till.fault("cut_after", "webhook_endpoints", method="POST")
    with pytest.raises(GatewayError):
        till.connect(firm)
    till.no_faults()
    refresh_webhook_address(firm.organisation_id)
    assert len(_endpoints(till, firm)) == 1
    assert webhook_secrets(_accounts(firm)[0])[0].startswith("whsec_")


def test_events_follow_the_portal_to_its_new_address(till: Till, firm: Firm, world: World) -> None:
    till.connect(firm)
    secrets, before = webhook_secrets(_accounts(firm)[0]), here().settings
    here().settings = world.settings(PUBLIC_URL="http://moved.test", STRIPE_API_BASE=till.stand_in.url)
    refresh_webhook_address(firm.organisation_id)
    here().settings = before
    assert [made.url.partition("/webhooks")[0] for made in _endpoints(till, firm)] == ["http://moved.test"]
    assert webhook_secrets(_accounts(firm)[0]) == secrets


def test_no_secret_lies_open_in_the_database(till: Till, firm: Firm) -> None:
    till.connect(firm)
    with job_session(firm.organisation_id) as session:
        rows = str(session.execute(text("SELECT * FROM stripe_accounts")).all())
    assert key_of(firm) not in rows and "whsec_" not in rows


def _accounts(firm: Firm) -> list[StripeAccount]:
    with job_session(firm.organisation_id) as session:
        return list(session.scalars(select(StripeAccount)))


def _endpoints(till: Till, firm: Firm) -> list[Any]:
    return list(till.stand_in.client(key_of(firm)).webhook_endpoints.list().data)
