"""What the firm, or a card's bank, changes at Stripe itself is followed, and no event is lost over it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.organisations.audit import timeline
from portal.payments.actions import renew_earlier_key, webhook_secrets
from portal.payments.autopay.models import Autopay
from portal.payments.cards.models import SavedCard, StripeCustomer
from portal.payments.models import StripeAccount, StripeEvent
from portal.payments.rules import CannotConnect
from portal.shared import clock
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.paying import Till, key_of, paid_once
from tests.portal.payments.test_earlier_accounts import TOLD, change_account, old_account
from tests.portal.payments.test_refunding import charge_of, paid, states
from tests.portal.payments.test_saving_cards import cards, pay_keeping

__all__ = ["paid"]


@pytest.fixture
def card(till: Till, firm: Firm) -> SavedCard:
    """Saved with autopay."""
    till.connect(firm)
    pay_keeping(till, firm, till.invoice(firm)[1], autopay="yes")
    return cards(firm)[0]


def client(till: Till, firm: Firm) -> Any:
    return till.stand_in.client(key_of(firm))


def told(firm: Firm) -> str:
    with job_session(firm.organisation_id) as session:
        return " | ".join(entry.words for entry in timeline(session, "customer", firm.customer_id))


def look_through_the_record(till: Till, firm: Firm, *, hours: int = 1) -> None:
    with clock.at(clock.now() + timedelta(hours=hours, minutes=6)):
        till.work(firm)


@pytest.mark.parametrize("way", ["event", "record"])
def test_a_card_taken_off_its_customer_is_saved_no_more(till: Till, firm: Firm, card: SavedCard, way: str) -> None:
    if way == "record":
        till.events("drop")
    client(till, firm).payment_methods.detach(card.payment_method_id)
    till.work(firm) if way == "event" else look_through_the_record(till, firm)
    assert [(each.state, each.ended_by) for each in cards(firm)] == [("removed", "stripe")]
    with job_session(firm.organisation_id) as session:
        assert session.scalars(select(Autopay.ended_by)).all() == ["card"]
    assert "Stripe does not have it any more" in told(firm)
    assert "4242" not in till.get(till.invoice(firm)[1]).text


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_renewed_card_goes_on_under_its_new_number_and_date(
    till: Till, firm: Firm, card: SavedCard, by_hand: bool
) -> None:
    wish = {"last4": "5556", "exp_month": 9, "exp_year": 2034, "by_hand": by_hand}
    till.stand_in.control(f"payment_methods/{card.payment_method_id}/renewal", **wish)
    for _ in range(2):
        till.work(firm)
    [renewed] = cards(firm)
    assert (renewed.state, renewed.words, renewed.until) == ("kept", "Visa •••• 5556", "09/34")
    assert told(firm).count("is now Visa •••• 5556, until 09/34") == 1
    assert "5556" in till.get(till.invoice(firm)[1]).text
    with job_session(firm.organisation_id) as session:
        assert session.scalars(select(Autopay.ended_at)).all() == [None]


def test_a_customer_deleted_at_stripe_is_made_anew_with_the_next_card(till: Till, firm: Firm, card: SavedCard) -> None:
    client(till, firm).customers.delete(card.stripe_customer)
    till.work(firm)
    assert [each.state for each in cards(firm)] == ["removed"]
    with job_session(firm.organisation_id) as session:
        assert session.scalars(select(StripeCustomer.remote_id)).all() == [None]
    pay_keeping(till, firm, till.invoice(firm)[1])
    assert [each.state for each in cards(firm)] == ["removed", "kept"]
    assert cards(firm)[1].stripe_customer != card.stripe_customer


def test_cards_and_customers_of_another_program_are_no_matter_of_ours(till: Till, firm: Firm, card: SavedCard) -> None:
    other = client(till, firm).customers.create({"name": "Somebody else"})
    client(till, firm).customers.delete(other.id)
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        kind = StripeEvent.kind == "customer.deleted"
        assert session.scalars(select(StripeEvent.last_error).where(kind)).all() == ["not of this portal"]
    assert [each.state for each in cards(firm)] == ["kept"]


def endpoint_of(firm: Firm) -> tuple[str, int]:
    """Its id at Stripe, and how many secrets are good."""
    with job_session(firm.organisation_id) as session:
        account = session.scalars(select(StripeAccount)).one()
        return account.endpoint_remote_id, len(webhook_secrets(account))


@pytest.mark.failure_mode(6)
def test_a_webhook_secret_rolled_at_stripe_loses_no_event_and_is_replaced(till: Till, firm: Firm) -> None:
    till.connect(firm)
    before, _ = endpoint_of(firm)
    till.stand_in.control(f"endpoints/{before}/roll")
    till.pay(till.invoice(firm)[1])
    till.work(firm)
    assert till.books(firm).events == 0  # signed with a secret that nobody has told us
    look_through_the_record(till, firm)
    assert paid_once(till.books(firm))
    after, good = endpoint_of(firm)
    assert after != before and good == 2
    assert [each.id for each in client(till, firm).webhook_endpoints.list().data] == [after]
    till.stand_in.control(f"charges/{charge_of(till, firm)}/refunds", amount=2000)
    till.work(firm)
    assert states(firm) == [("succeeded", 2000)]  # heard at once again


def test_a_key_of_the_earlier_account_hears_it_again_and_leaves_it_replaced(
    till: Till, firm: Firm, paid: tuple[int, int]
) -> None:
    change_account(till, firm)
    old, fresh = old_account(firm), f"rk_test_fresh{firm.organisation_id}"
    keys = [{"key": key_of(firm), "missing": ["event:read"]}, {"key": fresh}]
    till.stand_in.control("accounts", id=f"acct_{firm.organisation_id}", keys=keys, **TOLD)
    till.events("drop")
    till.stand_in.control(f"charges/{_only_charge(till, fresh)}/refunds", amount=2000)
    look_through_the_record(till, firm)
    assert states(firm) == []  # its old key may read nothing any more
    page = sign_in(till.browser(), firm, "administrator")
    assert "does not answer" in page.get("/payments/settings").text
    form = {"account_id": str(old), "key": fresh}
    assert post(page, "/payments/settings/earlier/key", form, page="/payments/settings").status_code == 303
    till.work(firm)
    assert states(firm) == [("succeeded", 2000)]
    shown = page.get("/payments/settings").text
    assert "does not answer" not in shown and f"acct_other{firm.organisation_id}" in shown
    with job_session(firm.organisation_id) as session:
        assert session.get_one(StripeAccount, old).closed_at is not None


def test_a_key_of_another_account_is_refused(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    other = change_account(till, firm)
    with pytest.raises(CannotConnect, match="This key is of acct_other"):
        renew_earlier_key(firm.organisation_id, old_account(firm), other)


def _only_charge(till: Till, key: str) -> str:
    return str(till.stand_in.client(key).charges.list({"limit": 1}).data[0].id)
