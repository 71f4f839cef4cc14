"""A card saved while several invoices are paid at once: used, removed from their page; the firm's switch."""

import pytest

from portal.payments.models import PaymentAttempt
from tests.builders import Firm, post, sign_in
from tests.paying import Till
from tests.portal.pay_page.test_together import joint_path
from tests.portal.payments.test_saving_cards import begin, cards, consents

SETTINGS = "/payments/settings/parts"


@pytest.fixture
def path(till: Till, firm: Firm) -> str:
    """Of a link to three invoices of 235.80."""
    till.connect(firm)
    return joint_path(firm, [till.invoice(firm)[0] for _ in range(3)])


def pay(till: Till, firm: Firm, path: str, **choice: str) -> PaymentAttempt:
    begin(till, firm, path, **choice)
    lead = next(each for each in till.attempts(firm)[::-1] if each.lead_id == each.id)
    till.at_stripe(lead.session_id or "", "pay", card="4242424242424242")
    till.work(firm)
    return lead


def test_one_payment_of_several_saves_the_card_with_one_consent(till: Till, firm: Firm, path: str) -> None:
    page = till.get(path).text
    assert 'name="keep"' in page and "checked" not in page
    lead = pay(till, firm, path, keep="yes")
    [card], [consent] = cards(firm), consents(firm)
    assert (card.state, card.consent_id, consent.attempt_id) == ("kept", consent.id, lead.id)
    assert "keep this card at Stripe" in consent.words and not consent.with_autopay


def test_without_a_word_nothing_is_kept(till: Till, firm: Firm, path: str) -> None:
    pay(till, firm, path)
    assert (cards(firm), consents(firm)) == ([], [])


def test_a_saved_card_is_offered_for_all_and_removed_from_their_page(till: Till, firm: Firm, path: str) -> None:
    pay(till, firm, path, autopay="yes")
    again = joint_path(firm, [till.invoice(firm)[0] for _ in range(2)])
    assert "Visa •••• 4242" in till.get(again).text
    begin(till, firm, again, card="saved")
    assert {each.card_use for each in till.attempts(firm)[-2:]} == {"saved"}
    for deed, words in (("autopay/end", "autopay_ended"), ("card/removal", "card_removed")):
        assert till.post(f"{again}/{deed}", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        assert till.post(f"{again}/{deed}").headers["Location"] == f"{again}?done={words}#card"
    assert "The card is removed" in till.get(f"{again}?done=card_removed").text
    assert [card.state for card in cards(firm)] == ["removing"]
    assert till.send_pay(again, till.pay_form(again) | {"card": "saved"}).status_code == 409


def test_each_page_tells_its_own_part_of_what_was_received(till: Till, firm: Firm) -> None:
    till.connect(firm)
    made = [till.invoice(firm) for _ in range(2)]
    pay(till, firm, joint_path(firm, [each for each, _ in made]))
    page = till.get(made[0][1]).text
    assert "£235.80" in page and "£471.60" not in page


def test_a_firm_may_save_no_cards(till: Till, firm: Firm, path: str) -> None:
    pay(till, firm, path, keep="yes")
    alone, several = till.invoice(firm)[1], joint_path(firm, [till.invoice(firm)[0] for _ in range(2)])
    admin = sign_in(till.browser(), firm, "administrator")
    assert post(admin, SETTINGS, {"cards": "no"}, page=SETTINGS).status_code == 303
    assert '<option value="no" selected>' in admin.get(SETTINGS).text
    for each in (alone, several):
        page = till.get(each).text
        assert 'name="keep"' not in page and 'name="autopay"' not in page
        assert "Visa •••• 4242" in page  # what is saved already goes on
    begin(till, firm, alone, keep="yes", autopay="yes")  # from a page that was left open
    assert till.attempts(firm)[-1].card_use == "" and len(consents(firm)) == 1
