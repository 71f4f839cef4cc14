"""Pasting a Stripe key."""

from typing import Any

from portal.payments.queries import live_account
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.paying import Till, key_of

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
