"""Pasting a Stripe key."""

from typing import Any

import pytest

from portal.payments.queries import live_account
from portal.shared import running
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.paying import Till, key_of, paid_once

PAGE = "/payments/settings"


def test_only_an_administrator_connects_stripe(till: Till, firm: Firm) -> None:
    assert sign_in(till.browser(), firm, "manager").get(PAGE).status_code == 403


def test_a_full_live_key_is_refused_beside_the_field_and_not_printed_back(till: Till, firm: Firm) -> None:
    client = sign_in(till.browser(), firm, "administrator")
    secret = "sk_live_" + "51TotallySecret"
    answer = post(client, PAGE, {"key": secret}, page=PAGE)
    assert answer.status_code == 422 and secret not in answer.text
    assert 'id="f-key-error"' in answer.text


def test_another_accounts_key_asks_before_the_account_is_changed(till: Till, firm: Firm) -> None:
    till.connect(firm)
    old, new = (f"acct_{each}{firm.organisation_id}" for each in ("", "new"))
    key = f"rk_test_new{firm.organisation_id}"
    account: Any = {"name": "A firm", "country": "GB", "currency": "gbp", "livemode": False}
    till.stand_in.control("accounts", id=new, keys=[{"key": key}], **account)
    client = sign_in(till.browser(), firm, "administrator")
    asked = post(client, PAGE, {"key": key}, page=PAGE)
    assert asked.status_code == 422 and f"This key belongs to {new}; until now it was {old}" in asked.text
    assert f'name="change" value="{new}"' in asked.text and key not in asked.text
    assert _account(firm) == old
    assert post(client, PAGE, {"key": key, "change": new}, page=PAGE).status_code == 303
    assert _account(firm) == new


def test_an_account_of_another_firm_is_refused(till: Till, firm: Firm, other_firm: Firm) -> None:
    till.connect(other_firm)
    client = sign_in(till.browser(), firm, "administrator")
    wish = {"key": key_of(other_firm), "change": f"acct_{other_firm.organisation_id}"}
    refused = post(client, PAGE, wish, page=PAGE)
    assert refused.status_code == 422 and "Another firm of this portal" in refused.text
    with job_session(firm.organisation_id) as session:
        assert live_account(session) is None


def _account(firm: Firm) -> str:
    with job_session(firm.organisation_id) as session:
        account = live_account(session)
        assert account is not None
        return account.remote_id


RIGHTS = {
    "checkout_session:write": "Checkout Sessions, write", "customer:write": "Customers, write",
    "payment_method:write": "Payment methods, write", "payment_intent:write": "PaymentIntents, write",
    "refund:write": "Refunds, write", "webhook:write": "Webhook Endpoints, write", "charge:read": "Charges, read",
    "dispute:read": "Disputes, read", "event:read": "Events, read", "payout:read": "Payouts, read",
    "balance_transaction:read": "Balance transactions, read",
}  # fmt: skip


@pytest.mark.parametrize("missing", [[each] for each in RIGHTS] + [["refund:write", "payout:read"]])
def test_rights_that_a_new_key_lacks_are_named_and_the_good_one_stays(
    till: Till, firm: Firm, missing: list[str]
) -> None:
    """They would be found out only by a customer on the doorstep, or by the first refund."""
    till.connect(firm)
    before, poor = _sealed(firm), f"rk_test_poor{firm.organisation_id}"
    account: Any = {"name": "A firm", "country": "GB", "currency": "gbp", "livemode": False}
    keys = [{"key": key_of(firm)}, {"key": poor, "missing": missing}]
    till.stand_in.control("accounts", id=_account(firm), keys=keys, **account)
    told = post(sign_in(till.browser(), firm, "administrator"), PAGE, {"key": poor}, page=PAGE)
    assert told.status_code == 422 and all(RIGHTS[each] in told.text for each in missing), told.text
    assert _sealed(firm) == before


def test_checking_the_key_once_more_mends_a_webhook_whose_secret_was_rolled_at_stripe(till: Till, firm: Firm) -> None:
    till.connect(firm)
    _, path = till.invoice(firm)
    with job_session(firm.organisation_id) as session:
        account = live_account(session)
        assert account is not None
        account.webhook_secrets_sealed = running.here().settings.vault.seal(
            "whsec_of_before", organisation_id=firm.organisation_id, purpose="stripe_webhook"
        )
    client = sign_in(till.browser(), firm, "administrator")
    assert post(client, PAGE, {"key": key_of(firm)}, page=PAGE).status_code == 303
    till.pay(path)
    till.work(firm)
    assert paid_once(till.books(firm))
    assert len(till.stand_in.client(key_of(firm)).webhook_endpoints.list().data) == 1


def test_a_key_with_all_rights_is_taken_and_nothing_is_made_by_asking_for_them(till: Till, firm: Firm) -> None:
    till.connect(firm)
    before, fresh = _sealed(firm), f"rk_test_fresh{firm.organisation_id}"
    account: Any = {"name": "A firm", "country": "GB", "currency": "gbp", "livemode": False}
    till.stand_in.control("accounts", id=_account(firm), keys=[{"key": key_of(firm)}, {"key": fresh}], **account)
    there = till.stand_in.client(fresh)
    made = [there.customers.list().data, there.refunds.list().data, there.checkout.sessions.list().data]
    answer = post(sign_in(till.browser(), firm, "administrator"), PAGE, {"key": fresh}, page=PAGE)
    assert answer.status_code == 303 and _sealed(firm) != before
    assert [there.customers.list().data, there.refunds.list().data, there.checkout.sessions.list().data] == made


def _sealed(firm: Firm) -> str:
    with job_session(firm.organisation_id) as session:
        account = live_account(session)
        assert account is not None
        return account.key_sealed
