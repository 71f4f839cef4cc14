"""A payout is matched to its payments, refunds and disputes, once, whoever tells us; and what is in none is shown."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from portal.gateways.stripe_gateway import payouts as listing
from portal.payments.models import StripeAccount, StripeEvent
from portal.payments.payouts import queries
from portal.payments.payouts.models import Payout, PayoutEntry
from portal.shared import clock, formats
from portal.shared.running import job_session
from tests.builders import Firm, make_firm, sign_in
from tests.paying import Till, at_once, key_of
from tests.portal.payments.test_refunding import charge_of, give_back, paid
from tests.portal.payments.test_sweeping import sweep
from workers import payment_jobs

__all__ = ["paid"]

FEE = 374  # 1.5 % of 235.80 and 20 pence, as the stand-in takes it


def pay_out(till: Till, firm: Firm, **wish: Any) -> Any:
    made = till.stand_in.control(f"accounts/acct_{firm.organisation_id}/payouts", **wish)
    assert "error" not in made, made
    return made


def payouts(firm: Firm) -> list[Payout]:
    with job_session(firm.organisation_id) as session:
        return list(session.scalars(select(Payout).order_by(Payout.id)))


def listed(firm: Firm, payout_id: int) -> tuple[queries.ListedPayout, list[queries.Group]]:
    with job_session(firm.organisation_id) as session:
        return queries.get_payout(session, payout_id)


def waiting(firm: Firm) -> list[tuple[str, int]]:
    with job_session(firm.organisation_id) as session:
        return sorted((each.what, each.amount.minor) for each in queries.not_paid_out(session))


def page(till: Till, firm: Firm, path: str) -> str:
    return sign_in(till.browser(), firm, "manager").get(path).text


def test_a_payout_is_matched_to_its_payments_refunds_and_fees(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    give_back(firm, paid[0], 5000)
    till.work(firm)
    assert waiting(firm) == [("given back", -5000), ("received", 23580)]
    made = pay_out(till, firm)
    till.work(firm)
    payout = payouts(firm)[0]
    found, groups = listed(firm, payout.id)
    assert (payout.state, payout.amount_minor, payout.is_complete) == ("paid", made["amount"], True)
    assert payout.amount_minor == 23580 - FEE - 5000
    assert not found.difference and found.payments == 1 and waiting(firm) == []
    assert [(group.title, group.amount.minor, group.fee.minor) for group in groups] == [
        ("Payments", 23580, FEE), ("Given back", -5000, 0),
    ]  # fmt: skip
    text = page(till, firm, f"/payments/payouts/{payout.id}")
    assert "Maple Dental Practice" in text and "Stripe&#39;s fee" in text and "does not add up" not in text
    assert f"/payments/payouts/{payout.id}" in page(till, firm, f"/payments/{paid[0]}")


def test_a_payout_has_one_day_wherever_it_is_named(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    """The day it arrives, not the one on which Stripe made it."""
    pay_out(till, firm)
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        payout = session.scalars(select(Payout)).one()
        payout.made_at -= timedelta(days=2)
        arrives = formats.day(payout.arrives_on)
    assert f"Payout of {arrives}" in page(till, firm, f"/payments/payouts/{payout.id}")
    shown = re.sub("<[^>]+>", "", page(till, firm, f"/payments/{paid[0]}"))
    assert f"Payout of {arrives}" in shown


def test_told_often_and_by_several_at_once_it_is_one(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    till.events("twice_at_once")
    pay_out(till, firm)
    till.stand_in.idle()
    at_once(*[lambda: payment_jobs.look(firm.organisation_id)] * 3)
    sweep(firm)
    with job_session(firm.organisation_id) as session:
        counted = session.scalar(select(func.count()).select_from(PayoutEntry))
    assert (len(payouts(firm)), counted, payouts(firm)[0].is_complete) == (1, 1, True)
    assert payouts(firm)[0].look_at is None


def test_a_payout_that_nobody_told_us_of_is_found(
    till: Till, firm: Firm, paid: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_A_PAGE", 1)  # so that there are several
    give_back(firm, paid[0], 5000)
    till.work(firm)
    till.events("drop")
    pay_out(till, firm)
    _, path = till.invoice(firm)
    till.pay(path)
    pay_out(till, firm)
    sweep(firm)
    found = [listed(firm, each.id)[0] for each in payouts(firm)]
    assert [(each.payout.amount_minor, each.made_of) for each in found] == [
        (each.payout.amount_minor, each.payout.amount) for each in found
    ]
    assert sorted(each.payout.amount_minor for each in found) == [23580 - FEE - 5000, 23580 - FEE]
    assert waiting(firm) == []


def test_one_on_its_way_is_asked_about_again_until_its_entries_are_known(
    till: Till, firm: Firm, paid: tuple[int, int]
) -> None:
    made = pay_out(till, firm, arrives=False)
    till.work(firm)
    payout = payouts(firm)[0]
    assert (payout.state, payout.is_complete) == ("in_transit", False)
    assert "not said of what it is made" in page(till, firm, "/payments/payouts")
    till.events("drop")
    till.stand_in.control(f"payouts/{made['id']}/arrive")
    with clock.at(clock.now() + timedelta(hours=2)):
        with job_session(None) as session:
            due = session.execute(text("SELECT organisation_id FROM gate.due_payouts(:at)"), {"at": clock.now()})
            assert firm.organisation_id in due.scalars().all()
        payment_jobs.look(firm.organisation_id)
    assert [(each.state, each.is_complete, each.look_at) for each in payouts(firm)] == [("paid", True, None)]


def test_what_the_bank_sends_back_is_told_and_goes_out_later(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    made = pay_out(till, firm)
    till.work(firm)
    till.stand_in.control(f"payouts/{made['id']}/fail")
    till.work(firm)
    failed = payouts(firm)[0]
    assert (failed.state, failed.why) == ("failed", "account closed")
    assert "Sent back by your bank" in page(till, firm, "/board")
    assert "Your bank sent it back" in page(till, firm, f"/payments/payouts/{failed.id}")
    pay_out(till, firm)
    till.work(firm)
    again, groups = listed(firm, payouts(firm)[1].id)
    assert [group.title for group in groups] == [queries.OTHER] and not again.difference
    assert "An earlier payout that came back" in page(till, firm, f"/payments/payouts/{again.payout.id}")
    assert "Sent back by your bank" not in page(till, firm, "/board")


def test_a_dispute_is_in_the_payout_that_it_made_smaller(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    _, path = till.invoice(firm)
    till.pay(path)
    till.stand_in.control(f"charges/{charge_of(till, firm)}/dispute")
    till.work(firm)
    assert waiting(firm) == [("held back, disputed", -23580), ("received", 23580), ("received", 23580)]
    pay_out(till, firm)
    till.work(firm)
    found, groups = listed(firm, payouts(firm)[0].id)
    assert [group.title for group in groups] == ["Payments", "Disputes"] and not found.difference
    assert waiting(firm) == []


def test_a_payout_made_by_hand_says_so(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    pay_out(till, firm, automatic=False)
    till.work(firm)
    payout = payouts(firm)[0]
    assert (payout.is_complete, payout.look_at) == (False, None)
    assert "Made by hand at Stripe" in page(till, firm, f"/payments/payouts/{payout.id}")


def test_a_difference_is_shown(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    pay_out(till, firm)
    till.work(firm)
    payout = payouts(firm)[0]
    with job_session(firm.organisation_id) as session:
        row = session.get_one(Payout, payout.id)
        row.amount_minor += 100
    assert "£1.00 differ" in page(till, firm, f"/payments/payouts/{payout.id}")
    assert "£1.00 differ" in page(till, firm, "/payments/payouts")


def test_a_key_without_the_right_is_told_which_and_holds_up_nothing(
    till: Till, firm: Firm, paid: tuple[int, int]
) -> None:
    key = {"key": key_of(firm), "missing": ["payout:read"]}
    account: Any = {"name": "A firm", "country": "GB", "currency": "gbp", "livemode": False}
    till.stand_in.control("accounts", id=f"acct_{firm.organisation_id}", keys=[key], **account)
    pay_out(till, firm)
    till.work(firm)
    sweep(firm)
    with job_session(firm.organisation_id) as session:
        states = session.scalars(select(StripeEvent.state).where(StripeEvent.kind.startswith("payout.")))
        assert set(states) == {"done"}
    for path in ("/payments/payouts", "/payments/settings"):
        told = sign_in(till.browser(), firm, "administrator").get(path).text
        assert "lacks a right: Payouts, read" in told
    till.stand_in.control("accounts", id=f"acct_{firm.organisation_id}", keys=[{"key": key_of(firm)}], **account)
    sweep(firm, hours=3)
    assert payouts(firm)[0].is_complete
    assert "lacks a right" not in page(till, firm, "/payments/payouts")


def test_an_endpoint_of_an_older_portal_is_told_to_speak_of_payouts(till: Till, firm: Firm) -> None:
    till.connect(firm)
    client = till.stand_in.client(key_of(firm))
    endpoint = client.webhook_endpoints.list().data[0]
    client.webhook_endpoints.update(endpoint.id, {"enabled_events": ["checkout.session.completed"]})
    with job_session(firm.organisation_id) as session:
        session.scalars(select(StripeAccount)).one().listens_to = "an older one"
    assert sweep(firm).missed_events == 0
    assert "payout.paid" in client.webhook_endpoints.retrieve(endpoint.id).enabled_events


def test_other_peoples_payments_on_the_account_are_shown_apart(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    shop = till.stand_in.client(key_of(firm))
    price = {"currency": "gbp", "unit_amount": 4000, "product_data": {"name": "A valve"}}
    address = {"success_url": "https://shop.example/", "cancel_url": "https://shop.example/"}
    made = shop.checkout.sessions.create(
        {"mode": "payment", "line_items": [{"quantity": 1, "price_data": price}], **address}
    )
    till.at_stripe(made.id, "pay", card="4242424242424242")
    pay_out(till, firm)
    till.work(firm)
    found, groups = listed(firm, payouts(firm)[0].id)
    assert [(group.title, group.amount.minor) for group in groups] == [("Payments", 23580), (queries.OTHER, 4000)]
    assert not found.difference


def test_another_firm_sees_none_of_it(till: Till, firm: Firm, paid: tuple[int, int]) -> None:
    pay_out(till, firm)
    till.work(firm)
    stranger = sign_in(till.browser(), make_firm(name="Another firm"), "manager")
    assert stranger.get(f"/payments/payouts/{payouts(firm)[0].id}").status_code == 404
