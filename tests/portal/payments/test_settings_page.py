"""Pasting a Stripe key."""

from tests.builders import Firm, post, sign_in
from tests.paying import Till

PAGE = "/payments/settings"


def test_only_an_administrator_connects_stripe(till: Till, firm: Firm) -> None:
    assert sign_in(till.browser(), firm, "manager").get(PAGE).status_code == 403


def test_a_full_live_key_is_refused_beside_the_field_and_not_printed_back(till: Till, firm: Firm) -> None:
    client = sign_in(till.browser(), firm, "administrator")
    secret = "sk_live_" + "51TotallySecret"
    answer = post(client, PAGE, {"key": secret}, page=PAGE)
    assert answer.status_code == 422 and secret not in answer.text
    assert 'id="f-key-error"' in answer.text
