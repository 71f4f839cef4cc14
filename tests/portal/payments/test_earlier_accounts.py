"""A firm that changes its Stripe account: what happens to the payments of the old one is heard and done as before."""

from typing import Any

import pytest
from sqlalchemy import select, update

from portal.payments.actions import CannotRefund, connect_stripe_account, earlier_accounts, remove_account
from portal.payments.models import StripeAccount
from portal.payments.refunds.models import Dispute
from portal.payments.rules import CannotConnect
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.paying import Till, key_of
from tests.portal.payments.test_recording import WHOLE, due
from tests.portal.payments.test_refunding import at_stripe, charge_of, give_back, paid, states

__all__ = ["paid"]
TOLD: Any = {"name": "A firm", "country": "GB", "currency": "gbp", "livemode": False}


def change_account(till: Till, firm: Firm) -> str:
    """Another Stripe account from now on; its key."""
    key = f"rk_test_other{firm.organisation_id}"
    till.stand_in.control("accounts", id=f"acct_other{firm.organisation_id}", keys=[{"key": key}], **TOLD)
    connect_stripe_account(firm.organisation_id, key, change_to=f"acct_other{firm.organisation_id}")
    return key


def old_account(firm: Firm) -> int:
    with job_session(firm.organisation_id) as session:
        [found] = earlier_accounts(session)
        return found.id


def test_what_happens_at_the_old_account_is_heard(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    change_account(till, firm)
    till.stand_in.control(f"charges/{charge_of(till, firm)}/refunds", amount=2000)
    till.stand_in.control(f"charges/{charge_of(till, firm)}/dispute")
    till.work(firm)
    assert states(firm) == [("succeeded", 2000), ("succeeded", WHOLE - 2000)]
    with job_session(firm.organisation_id) as session:
        assert session.scalars(select(Dispute.status)).all() == ["needs_response"]


def test_what_it_could_not_tell_us_is_read_from_its_record(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    change_account(till, firm)
    till.events("drop")
    till.stand_in.control(f"charges/{charge_of(till, firm)}/refunds", amount=2000)
    with job_session(firm.organisation_id) as session:
        session.execute(update(StripeAccount).values(next_sweep_at=clock.now()))
    till.work(firm)
    assert states(firm) == [("succeeded", 2000)]


def test_money_goes_back_with_the_old_accounts_key(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    change_account(till, firm)
    give_back(firm, paid[0], 5000)
    till.work(firm)
    assert [each.amount for each in at_stripe(till, firm)] == [5000] and states(firm) == [("succeeded", 5000)]


def test_a_key_that_died_meanwhile_says_what_to_do(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    change_account(till, firm)
    poorer = [{"key": key_of(firm), "missing": ["refund:write"]}]
    till.stand_in.control("accounts", id=f"acct_{firm.organisation_id}", keys=poorer, **TOLD)
    give_back(firm, paid[0], 5000)
    till.work(firm)
    assert states(firm) == [("refused", 5000)] and due(firm, paid[1]) == 0
    page = sign_in(till.browser(), firm, "manager").get(f"/payments/{paid[0]}").text
    assert "give it back in that account&#39;s own dashboard" in page


def test_once_removed_nothing_is_heard_and_a_refund_says_what_to_do(
    till: Till, firm: Firm, paid: tuple[int, int]
) -> None:
    change_account(till, firm)
    client, account_id = sign_in(till.browser(), firm, "administrator"), old_account(firm)
    assert "Earlier accounts" in client.get("/payments/settings").text
    for _ in range(2):
        post(client, "/payments/settings/earlier", {"account_id": account_id}, page="/payments/settings")
    assert "Earlier accounts" not in client.get("/payments/settings").text
    assert list(till.stand_in.client(key_of(firm)).webhook_endpoints.list().data) == []
    with job_session(firm.organisation_id) as session:
        old = session.get_one(StripeAccount, account_id)
        assert (old.key_sealed, old.webhook_secrets_sealed) == ("", "")
        endpoint_key = old.endpoint_key
    assert till.post(f"/webhooks/stripe/{endpoint_key}", data=b"{}").status_code == 404
    with pytest.raises(CannotRefund, match="in that account's own dashboard"):
        give_back(firm, paid[0], 5000)
    give_back(firm, paid[0], 5000, way="bank_transfer")


def test_the_account_in_use_and_one_with_money_on_its_way_stay(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    with job_session(firm.organisation_id) as session:
        account_id = session.scalars(select(StripeAccount.id)).one()
    with pytest.raises(CannotConnect, match="Connect another one first"):
        remove_account(firm.organisation_id, account_id)
    change_account(till, firm)
    give_back(firm, paid[0], 5000)
    with pytest.raises(CannotConnect, match="Wait until it has arrived"):
        remove_account(firm.organisation_id, account_id)


def test_going_back_to_it_is_the_same_account_again(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    change_account(till, firm)
    connect_stripe_account(firm.organisation_id, key_of(firm), change_to=f"acct_{firm.organisation_id}")
    with job_session(firm.organisation_id) as session:
        found = session.scalars(select(StripeAccount).order_by(StripeAccount.id)).all()
        assert [each.closed_at is None for each in found] == [True, False]
    assert len(list(till.stand_in.client(key_of(firm)).webhook_endpoints.list().data)) == 1
