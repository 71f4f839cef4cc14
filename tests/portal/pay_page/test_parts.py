"""Paying a part: what the firm's rule and a card allow, held on the server; and what is left is left to pay."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from portal.messages.models import Message
from portal.organisations.models import Organisation
from portal.pay_page.parts import PartRefused, chosen_amount, parts_of
from portal.payments.chargeable import least_charge, unfit_for_cards
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in
from tests.paying import Till, at_once, link_of, take_cash

CURRENCIES = st.sampled_from(["GBP", "JPY", "KWD", "HUF"])


@given(currency=CURRENCIES, balance=st.integers(1, 10**9), least=st.integers(0, 10**9), typed=st.integers(-5, 10**9),
       choice=st.sampled_from(["", "half", "deposit", "other", "x"]), percent=st.integers(0, 90))  # fmt: skip
def test_whatever_is_chosen_can_be_charged_and_so_can_the_rest(
    currency: str, balance: int, least: int, typed: int, choice: str, percent: int
) -> None:
    due, smallest = Money(balance, currency), least_charge(currency)
    parts = parts_of(due, are_taken=True, least_part=Money(least, currency), deposit_percent=percent)
    try:
        amount = chosen_amount(due, parts, choice, str(Money(typed, currency).decimal))
    except PartRefused:
        assert choice  # the whole is never refused
        return
    assert amount == due or (amount >= max(smallest, Money(least, currency)) and due - amount >= smallest)
    assert unfit_for_cards(due) or not any(map(unfit_for_cards, (amount, due - amount)))


@pytest.mark.parametrize(
    ("typed", "key"),
    [("", "amount_unclear"), ("ten", "amount_unclear"), ("1e3", "amount_unclear"), ("50.001", "amount_unclear"),
     ("49.99", "amount_too_low"), ("-60", "amount_too_low"), ("100.01", "amount_too_high"),
     ("99.71", "amount_leaves_too_little")],
)  # fmt: skip
def test_what_cannot_be_paid_is_refused_for_its_own_reason(typed: str, key: str) -> None:
    due = Money.of("100", "GBP")
    parts = parts_of(due, are_taken=True, least_part=Money.of("50", "GBP"))
    with pytest.raises(PartRefused) as refused:
        chosen_amount(due, parts, "other", typed)
    assert refused.value.key == key
    assert chosen_amount(due, parts, "other", "99.70") == Money.of(Decimal("99.7"), "GBP")
    assert chosen_amount(due, parts, "other", "100") == due


def take_parts(firm: Firm, least_minor: int = 0) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(Organisation).values(takes_parts=True, least_part_minor=least_minor))


@pytest.fixture
def path(till: Till, firm: Firm) -> str:
    till.connect(firm)
    take_parts(firm)
    return till.invoice(firm)[1]


def pay(till: Till, firm: Firm, path: str, **part: str) -> None:
    begun = till.send_pay(path, till.pay_form(path) | part)
    assert begun.status_code == 303, begun.text
    till.at_stripe(till.attempts(firm)[-1].session_id or "", "pay", card="4242424242424242")
    till.work(firm)


def test_a_deposit_is_offered_until_something_is_paid(till: Till, firm: Firm, path: str) -> None:
    admin = sign_in(till.browser(), firm, "administrator")
    rules = {"are_taken": "yes", "deposit": "30"}
    assert post(admin, "/payments/settings/parts", rules, page="/payments/settings/parts").status_code == 303
    assert 'value="30"' in admin.get("/payments/settings/parts").text
    assert "Pay the deposit, £70.74" in till.get(path).text
    assert "Anzahlung leisten, 70,74" in till.get(f"{path}?lang=de").text
    pay(till, firm, path, part="deposit", amount="1.00")  # the amount is our own, whatever the browser says
    assert [attempt.amount_minor for attempt in till.attempts(firm)] == [7074]
    page = till.get(path).text
    assert "Pay £165.06" in page and "deposit" not in page
    late = till.send_pay(path, till.pay_form(path) | {"part": "deposit"})
    assert late.status_code == 422


@pytest.mark.parametrize("percent", ["91", "-1", "1.5", "many"])
def test_a_deposit_is_a_whole_percentage(till: Till, firm: Firm, path: str, percent: str) -> None:
    admin = sign_in(till.browser(), firm, "administrator")
    rules = {"are_taken": "yes", "deposit": percent}
    assert post(admin, "/payments/settings/parts", rules, page="/payments/settings/parts").status_code == 422


def test_half_now_another_amount_then_and_the_rest_at_last(till: Till, firm: Firm, path: str) -> None:
    page = till.get(path).text
    assert "Pay £235.80" in page and "Pay half, £117.90" in page and "Pay another amount" in page
    pay(till, firm, path, part="half")
    page = till.get(path).text
    assert "Left to pay by" in page and "Pay £117.90" in page and "Paid on" in page
    pay(till, firm, path, part="other", amount="17.90")
    pay(till, firm, path)
    assert [attempt.amount_minor for attempt in till.attempts(firm)] == [11790, 1790, 10000]
    assert "This is your receipt" in till.get(path).text
    assert till.books(firm).allocated == 23580


def test_a_bad_amount_is_said_beside_the_field_in_the_customers_language(till: Till, firm: Firm, path: str) -> None:
    take_parts(firm, 5000)
    form = till.pay_form(path) | {"part": "other", "amount": "<b>7,5"}
    answer = till.post(f"{path}/attempts?lang=de", data=form)
    assert answer.status_code == 422 and "Schreiben Sie den Betrag in Ziffern, etwa 50,00." in answer.text
    assert 'value="&lt;b&gt;7,5"' in answer.text and 'aria-invalid="true"' in answer.text
    assert "mindestens 50,00\u00a0£" in till.post(f"{path}/attempts?lang=de", data=form | {"amount": "49,99"}).text
    assert till.attempts(firm) == []
    euros = till.post(f"{path}/attempts?lang=de", data=form | {"amount": "50,50 €"})
    assert euros.status_code == 422 and 'value="50,50 €"' in euros.text
    assert till.post(f"{path}/attempts?lang=de", data=form | {"amount": "50,50\u00a0£"}).status_code == 303
    assert till.attempts(firm)[0].amount_minor == 5050


def test_a_firm_that_takes_no_parts_gets_all_or_nothing(till: Till, firm: Firm, path: str) -> None:
    form = till.pay_form(path)
    with job_session(firm.organisation_id) as session:
        session.execute(update(Organisation).values(takes_parts=False))
    assert "Pay half" not in till.get(path).text and "another amount" not in till.get(path).text
    for part in ({"part": "half"}, {"part": "other", "amount": "20"}):
        answer = till.send_pay(path, form | part)
        assert answer.status_code == 422 and till.attempts(firm) == []


def test_two_people_with_two_wishes_share_one_open_page(till: Till, firm: Firm, path: str) -> None:
    form = till.pay_form(path)
    wishes = ({}, {"part": "half"}, {"part": "other", "amount": "50"})
    at_once(*[lambda wish=wish: till.send_pay(path, form | wish) for wish in wishes])
    till.send_pay(path, form | {"part": "half"})
    made = till.attempts(firm)
    assert [each.amount_minor for each in made if each.state == "open"] == [11790]
    assert sum(each.status == "open" for each in till.made_sessions(firm)) == 1


def test_half_is_not_taken_twice_when_the_first_half_has_just_come(till: Till, firm: Firm, path: str) -> None:
    """The page was left open, and Stripe's message about the first half is still on its way."""
    form = till.pay_form(path) | {"part": "half"}
    till.events("hold")
    till.send_pay(path, form)
    till.at_stripe(till.attempts(firm)[0].session_id or "", "pay", card="4242424242424242")
    answer = till.send_pay(path, form)
    assert answer.status_code == 409 and "The amount has changed" in answer.text and "Pay £117.90" in answer.text
    assert len(till.attempts(firm)) == 1


def test_half_of_what_cash_has_left(till: Till, firm: Firm, path: str) -> None:
    take_cash(firm, link_of(path, firm).invoice_id, 23500)
    assert "Pay half, £0.40" in till.get(path).text
    take_parts(firm, 50)
    assert "Pay half" not in till.get(path).text


def test_the_firm_sets_its_rule_on_a_page(till: Till, firm: Firm, path: str) -> None:
    manager = sign_in(till.browser(), firm, "administrator")
    assert "Part payments" in manager.get("/payments/settings").text
    saved = post(manager, "/payments/settings/parts", {"are_taken": "yes", "least": "100.50"})
    assert saved.status_code == 303
    assert "From £100.50 to £235.80" in till.get(path).text
    assert 'value="100.5"' in manager.get("/payments/settings/parts").text
    assert post(manager, "/payments/settings/parts", {"are_taken": "", "least": ""}).status_code == 303
    assert "Pay half" not in till.get(path).text


def test_who_has_paid_a_part_is_thanked_and_has_the_receipt_at_once(till: Till, firm: Firm, path: str) -> None:
    begun = till.send_pay(path, till.pay_form(path) | {"part": "half"})
    till.at_stripe(till.attempts(firm)[-1].session_id or "", "pay", card="4242424242424242")
    back = till.come_back(firm, begun.cookies)
    assert back.headers["Location"] == f"{path}?done=paid"
    page = till.get(back.headers["Location"]).text
    assert "Thank you: £117.90 has arrived" in re.sub("<[^>]+>", "", page) and "Left to pay by" in page
    receipt = re.search(rf'href="({path}/receipts/\d+\.pdf)"', page)
    assert receipt is not None and till.get(receipt[1]).headers["Content-Type"] == "application/pdf"
    assert "Thank you: " not in till.get(path).text
    mail = next(message for message in texts_of(firm) if message.kind == "receipt")
    assert mail.channel == "email" and mail.to_address == "rita@maple.example"


def test_nobody_is_thanked_for_what_has_not_arrived(till: Till, firm: Firm, path: str) -> None:
    begun = till.send_pay(path, till.pay_form(path) | {"part": "half"})
    assert till.come_back(firm, begun.cookies).headers["Location"] == path
    assert "Thank you" not in till.get(f"{path}?done=paid").text


def texts_of(firm: Firm) -> list[Message]:
    with job_session(firm.organisation_id) as session:
        return list(session.scalars(select(Message).order_by(Message.id.desc())))
