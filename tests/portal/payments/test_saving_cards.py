"""Saving a card while paying: only with consent, once, kept as evidence; paying with it; removing it everywhere."""

from typing import Any

import pytest
from sqlalchemy import select

from portal.customers.models import Customer
from portal.messages.actions import read_mail
from portal.messages.models import Message
from portal.payments.actions import connect_stripe_account, take_due_removals
from portal.payments.cards.models import CardConsent, SavedCard, StripeCustomer
from portal.payments.models import StripeAccount
from portal.shared import clock, phrases
from portal.shared.phrases import LANGUAGES
from portal.shared.running import job_session
from portal.shared.text import clean
from tests.builders import Firm, make_firm, post, sign_in
from tests.paying import Till, at_once, key_of, link_of, paid_once

KEEP, FIRM = {"keep": "yes"}, "Northgate Heating"


@pytest.fixture
def path(till: Till, firm: Firm) -> str:
    till.connect(firm)
    return till.invoice(firm)[1]


def begin(till: Till, firm: Firm, path: str, **choice: str) -> str:
    """Tap Pay with these boxes ticked. The Session's id."""
    begun = till.send_pay(path, till.pay_form(path) | choice)
    assert begun.status_code == 303, begun.text
    return till.attempts(firm)[-1].session_id or ""


def pay_keeping(till: Till, firm: Firm, path: str, card: str = "4242424242424242", **choice: str) -> None:
    till.at_stripe(begin(till, firm, path, **(choice or KEEP)), "pay", card=card)
    till.work(firm)


def cards(firm: Firm) -> list[SavedCard]:
    with job_session(firm.organisation_id) as session:
        return list(session.scalars(select(SavedCard).order_by(SavedCard.id)))


def consents(firm: Firm) -> list[CardConsent]:
    with job_session(firm.organisation_id) as session:
        return list(session.scalars(select(CardConsent).order_by(CardConsent.id)))


def method_at_stripe(till: Till, firm: Firm, card: SavedCard) -> Any:
    return till.stand_in.client(key_of(firm)).payment_methods.retrieve(card.payment_method_id)


def remove(till: Till, path: str) -> None:
    assert till.post(f"{path}/card/removal").status_code == 303


def test_nothing_is_ticked_and_nothing_is_kept_by_itself(till: Till, firm: Firm, path: str) -> None:
    page = till.get(path).text
    assert 'name="keep"' in page and "checked" not in page
    till.pay(path)
    till.work(firm)
    assert paid_once(till.books(firm))
    assert cards(firm) == consents(firm) == []
    assert till.stand_in.client(key_of(firm)).customers.list().data == []


@pytest.mark.parametrize("code", ["en", "ar", "zh"])
def test_a_ticked_box_keeps_the_card_and_the_words_that_stood_beside_it(
    till: Till, firm: Firm, path: str, code: str
) -> None:
    form = till.pay_form(f"{path}?lang={code}")
    answer = till.post(f"{path}/attempts?lang={code}", data=form | KEEP)
    assert answer.status_code == 303
    till.at_stripe(till.attempts(firm)[0].session_id or "", "pay", card="4242424242424242")
    till.work(firm)
    [card], [consent] = cards(firm), consents(firm)
    assert (card.state, card.words, card.until, card.consent_id) == ("kept", "Visa •••• 4242", "12/34", consent.id)
    assert method_at_stripe(till, firm, card).customer == card.stripe_customer
    assert (consent.language, consent.pay_link_id) == (code, link_of(path, firm).id)
    assert consent.words == LANGUAGES[code].text("save_consent", firm=FIRM)
    assert paid_once(till.books(firm))


def test_who_comes_first_keeps_it_and_nobody_keeps_it_twice(till: Till, firm: Firm, path: str) -> None:
    till.events("twice_at_once")
    till.at_stripe(begin(till, firm, path, **KEEP), "pay", card="4242424242424242")
    at_once(*[lambda: till.come_back(firm)] * 3, lambda: till.work(firm))
    till.work(firm)
    assert len(cards(firm)) == 1 and paid_once(till.books(firm))


def test_another_wish_makes_another_page_and_the_same_wish_the_same(till: Till, firm: Firm, path: str) -> None:
    plain = begin(till, firm, path)
    keeping = begin(till, firm, path, **KEEP)
    assert keeping != plain and begin(till, firm, path, **KEEP) == keeping
    assert len(consents(firm)) == 1
    states = {session.id: session.status for session in till.made_sessions(firm)}
    assert states == {plain: "expired", keeping: "open"}


def test_the_customer_is_made_once_at_stripe_whatever_gets_lost(till: Till, firm: Firm, path: str) -> None:
    till.fault("cut_after", "customers", times=1)
    pay_keeping(till, firm, path)
    pay_keeping(till, firm, till.invoice(firm)[1], card="5555555555554444")
    assert len(till.stand_in.client(key_of(firm)).customers.list().data) == 1
    before, now = cards(firm)
    assert (before.state, before.ended_by, now.words) == ("removed", "replaced", "Mastercard •••• 4444")
    assert method_at_stripe(till, firm, before).customer is None


def test_a_key_that_may_not_keep_cards_says_so_and_still_takes_the_payment(till: Till, firm: Firm, path: str) -> None:
    till.stand_in.control("accounts", id=f"acct_{firm.organisation_id}", name="A firm",
                          keys=[{"key": key_of(firm), "missing": ["customer:write"]}])  # fmt: skip
    refused = till.send_pay(path, till.pay_form(path) | KEEP)
    assert refused.status_code == 409 and "You can pay without saving it" in refused.text
    till.pay(path)
    till.work(firm)
    assert paid_once(till.books(firm)) and cards(firm) == []


def test_a_customer_deleted_at_stripe_is_made_anew(till: Till, firm: Firm, path: str) -> None:
    pay_keeping(till, firm, path)
    till.stand_in.client(key_of(firm)).customers.delete(cards(firm)[0].stripe_customer)
    other = till.invoice(firm)[1]
    assert till.send_pay(other, till.pay_form(other) | {"card": "saved"}).status_code == 409
    assert cards(firm)[0].state == "removing"
    pay_keeping(till, firm, other)
    assert [card.state for card in cards(firm)] == ["removed", "kept"]


def test_the_page_shows_the_card_and_removes_it_at_stripe_too(till: Till, firm: Firm, path: str) -> None:
    pay_keeping(till, firm, path)
    assert "Visa •••• 4242, valid until 12/34" in till.get(path).text
    till.fault("error_500", "detach", times=3)
    remove(till, path)
    remove(till, path)
    assert cards(firm)[0].state == "removing"
    page = till.get(f"{path}?done=card_removed").text
    assert "The card is removed" in page and "4242" not in page.partition('id="card"')[2]
    till.work(firm)
    assert cards(firm)[0].state == "removing" and "did not answer" in cards(firm)[0].last_error
    till.no_faults()
    with job_session(firm.organisation_id) as session:
        session.get_one(SavedCard, cards(firm)[0].id).look_at = clock.now()
    till.work(firm)
    assert (cards(firm)[0].state, cards(firm)[0].ended_by) == ("removed", "customer")
    assert method_at_stripe(till, firm, cards(firm)[0]).customer is None
    with job_session(firm.organisation_id) as session:
        assert take_due_removals(session) == []


def test_a_late_event_never_brings_a_removed_card_back(till: Till, firm: Firm, path: str) -> None:
    till.events("hold")
    till.at_stripe(begin(till, firm, path, **KEEP), "pay", card="4242424242424242")
    till.come_back(firm)
    remove(till, path)
    till.work(firm)
    till.stand_in.control("deliveries/release")
    till.work(firm)
    assert [card.state for card in cards(firm)] == ["removed"]


def test_a_saved_card_pays_only_on_stripes_page_where_its_bank_asks(till: Till, firm: Firm, path: str) -> None:
    pay_keeping(till, firm, path)
    other = till.invoice(firm)[1]
    assert "Pay with Visa •••• 4242" in till.get(other).text
    session_id = begin(till, firm, other, card="saved")
    assert till.books(firm).payments == 1  # a tap charges nothing
    asked = till.at_stripe(session_id, "pay", card=cards(firm)[0].payment_method_id)
    assert asked["status"] == "open"
    till.at_stripe(session_id, "3ds", passed=True)
    till.work(firm)
    assert till.books(firm).payments == 2 and len(cards(firm)) == 1


def test_a_card_that_is_gone_is_said_and_costs_nothing(till: Till, firm: Firm, path: str) -> None:
    pay_keeping(till, firm, path)
    other = till.invoice(firm)[1]
    form = till.pay_form(other)
    remove(till, other)
    answer = till.send_pay(other, form | {"card": "saved"})
    assert answer.status_code == 409 and "not saved any more" in answer.text
    assert len(till.made_sessions(firm)) == 1


def test_another_sites_form_and_another_customers_link_remove_nothing(till: Till, firm: Firm, path: str) -> None:
    pay_keeping(till, firm, path)
    assert till.post(f"{path}/card/removal", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    other = make_firm()
    till.connect(other)
    remove(till, till.invoice(other)[1])
    assert cards(firm)[0].state == "kept"
    assert till.post("/p/unknown/card/removal").status_code == 404


def test_the_firm_sees_what_was_agreed_to_and_removes_it(till: Till, firm: Firm, path: str) -> None:
    pay_keeping(till, firm, path)
    manager = sign_in(till.browser(), firm, "manager")
    page = manager.get(f"/customers/{firm.customer_id}/card").text
    assert "Visa •••• 4242" in page and "keep this card at Stripe" in page and "English" in page
    answer = post(manager, f"/customers/{firm.customer_id}/card/removal", {})
    assert answer.status_code == 303
    assert (cards(firm)[0].state, cards(firm)[0].ended_by) == ("removing", "staff")
    till.work(firm)
    assert "removed here" in manager.get(f"/customers/{firm.customer_id}/card").text


def test_another_stripe_account_lets_the_old_ones_cards_go(till: Till, firm: Firm, path: str) -> None:
    pay_keeping(till, firm, path)
    key = f"rk_test_other{firm.organisation_id}"
    till.stand_in.control("accounts", id=f"acct_other{firm.organisation_id}", name="Other", keys=[{"key": key}])
    connect_stripe_account(firm.organisation_id, key, change_to=f"acct_other{firm.organisation_id}")
    till.work(firm)
    assert (cards(firm)[0].state, cards(firm)[0].ended_by) == ("removed", "account")
    with job_session(firm.organisation_id) as session:
        assert len(session.scalars(select(StripeAccount)).all()) == 2
        assert len(session.scalars(select(StripeCustomer)).all()) == 1


def test_the_receipt_says_what_was_agreed_to(till: Till, firm: Firm, path: str) -> None:
    pay_keeping(till, firm, path)
    with job_session(firm.organisation_id) as session:
        receipt = session.scalars(select(Message).where(Message.kind == "receipt")).one()
        mail = read_mail(session, receipt.id, None)
    for words in (mail.text, mail.html):
        assert "You agreed to this when you paid:" in words and "keep this card at Stripe" in words


@pytest.mark.parametrize("code", ["", "de", "ar"])
def test_the_customer_hears_of_what_a_holder_of_the_link_took_away(
    till: Till, firm: Firm, path: str, code: str
) -> None:
    with job_session(firm.organisation_id) as session:
        session.get_one(Customer, firm.customer_id).language = code
    pay_keeping(till, firm, path, autopay="yes")
    for way in ("autopay/end", "card/removal"):
        for _ in range(2):  # the second tap says nothing more
            assert till.post(f"{path}/{way}").status_code == 303
    with job_session(firm.organisation_id) as session:
        told = session.scalars(select(Message).where(Message.kind == "card_news").order_by(Message.id)).all()
        words = phrases.choose(code)
        assert [mail.to_address for mail in told] == ["reception@maple.example"] * 2
        assert [mail.subject for mail in told] == [
            clean(words.text(key, firm=FIRM, card="Visa •••• 4242"))
            for key in ("mail_autopay_ended", "mail_card_removed")
        ]
        said = read_mail(session, told[1].id)
        assert words.text("mail_card_line") in said.text and "/p/" not in said.text + said.html


def test_nobody_is_told_of_what_the_firm_itself_took_away(till: Till, firm: Firm, path: str) -> None:
    pay_keeping(till, firm, path)
    office = sign_in(till.browser(), firm, "administrator")
    post(office, f"/customers/{firm.customer_id}/card/removal", {}, page=f"/customers/{firm.customer_id}/card")
    with job_session(firm.organisation_id) as session:
        assert cards(firm)[0].state != "kept"
        assert session.scalars(select(Message).where(Message.kind == "card_news")).all() == []
