"""Bank debits beside cards: switched on only where Stripe offers them, days under way, and refused late."""

import re
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select, update

from portal.customers.models import Customer
from portal.invoices.models import PayLink
from portal.messages.actions import read_mail
from portal.messages.models import Message
from portal.organisations.models import Organisation
from portal.payments.actions import end_debit, look_at_attempt, offer_debit
from portal.payments.cards.rules import AUTOPAY, KEEP, PLAIN, SAVED
from portal.payments.debits import DEBITS, debit_for
from portal.payments.models import Payment, PaymentAttempt
from portal.payments.queries import live_account
from portal.payments.rules import CannotConnect
from portal.shared import clock
from portal.shared.phrases import LANGUAGES
from portal.shared.running import job_session
from sandbox.stripe.sessions import BANK_METHODS
from tests.builders import Firm, post, sign_in
from tests.paying import Till, key_of, paid_once
from tests.portal.payments.test_recording import due

PAGE = "/payments/settings"
DEBIT_WORDS = LANGUAGES["en"].words["pay_note_debit"]


def offered(firm: Firm) -> str | None:
    with job_session(firm.organisation_id) as session:
        account = live_account(session)
        return account.debit if account else None


def ways(till: Till, session_id: str, firm: Firm) -> list[str]:
    return list(till.stand_in.client(key_of(firm)).checkout.sessions.retrieve(session_id).payment_method_types)


def told(firm: Firm, to: str) -> list[Message]:
    with job_session(firm.organisation_id) as session:
        refused = select(Message).where(Message.kind == "debit_refused", Message.to_address == to)
        return list(session.scalars(refused))


def owe_to_the_bank(till: Till, firm: Firm, path: str) -> str:
    session_id, _ = till.begin(path)
    till.at_stripe(session_id, "pay", card="bank")
    till.work(firm)
    return session_id


@pytest.mark.parametrize(
    ("switched_on", "currency", "card_use", "debit"),
    [
        ("bacs_debit", "GBP", PLAIN, "bacs_debit"), ("sepa_debit", "EUR", PLAIN, "sepa_debit"),
        ("us_bank_account", "USD", PLAIN, "us_bank_account"), ("", "GBP", PLAIN, ""), ("", "JPY", PLAIN, ""),
        ("bacs_debit", "EUR", PLAIN, ""), ("bacs_debit", "GBP", KEEP, ""), ("bacs_debit", "GBP", AUTOPAY, ""),
        ("bacs_debit", "GBP", SAVED, ""),
    ],
)  # fmt: skip
def test_a_debit_is_of_its_currency_and_never_where_a_card_is_agreed_to(
    switched_on: str, currency: str, card_use: str, debit: str
) -> None:
    assert debit_for(switched_on, currency, card_use) == debit


def test_the_stand_in_knows_the_same_debits() -> None:
    assert {code.lower(): debit for code, debit in DEBITS.items()} == BANK_METHODS


def test_an_administrator_switches_it_on_and_off(till: Till, firm: Firm) -> None:
    till.connect(firm)
    _, path = till.invoice(firm)
    client = sign_in(till.browser(), firm, "administrator")
    assert ways(till, till.begin(path)[0], firm) == ["card"] and DEBIT_WORDS not in till.get(path).text
    shown = post(client, f"{PAGE}/debits", {"wanted": "yes"}, page=PAGE, follow_redirects=True)
    assert "Customers can pay by Bacs Direct Debit now, too." in shown.text and offered(firm) == "bacs_debit"
    assert DEBIT_WORDS in till.get(path).text
    again, _ = till.begin(path)
    assert ways(till, again, firm) == ["card", "bacs_debit"]
    assert [made.status for made in till.made_sessions(firm)].count("open") == 1  # neither the trial nor the first
    post(client, f"{PAGE}/debits", {}, page=PAGE)
    assert offered(firm) == "" and ways(till, till.begin(path)[0], firm) == ["card"]
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        assert set(session.scalars(select(PaymentAttempt.debit))) == {"", "bacs_debit"}
    manager = sign_in(till.browser(), firm, "manager")
    assert post(manager, f"{PAGE}/debits", {"wanted": "yes"}).status_code == 403


def test_what_stripe_does_not_offer_is_not_switched_on(till: Till, firm: Firm) -> None:
    client = sign_in(till.browser(), firm, "administrator")
    shown = post(client, f"{PAGE}/debits", {"wanted": "yes"}, page=PAGE, follow_redirects=True)
    assert "Connect a Stripe account first." in shown.text
    till.connect(firm)
    account = {"name": "A firm", "country": "GB", "currency": "gbp", "livemode": False}
    keys = [{"key": key_of(firm)}]
    number = f"acct_{firm.organisation_id}"
    till.stand_in.control("accounts", id=number, keys=keys, switched_off=["bacs_debit"], **account)
    shown = post(client, f"{PAGE}/debits", {"wanted": "yes"}, page=PAGE, follow_redirects=True)
    assert "does not offer Bacs Direct Debit" in shown.text and "Payment methods" in shown.text
    till.fault("error_500", "checkout/sessions", method="POST")
    shown = post(client, f"{PAGE}/debits", {"wanted": "yes"}, page=PAGE, follow_redirects=True)
    assert "Nothing was changed" in shown.text and offered(firm) == ""
    till.no_faults()
    with job_session(firm.organisation_id) as session:
        session.execute(update(Organisation).values(currency="JPY"))
    with pytest.raises(CannotConnect, match="JPY"):
        offer_debit(firm.organisation_id)


def test_a_debit_that_arrives_is_one_payment_and_its_receipt(till: Till, firm: Firm) -> None:
    till.connect(firm, with_debit=True)
    _, path = till.invoice(firm)
    form = till.pay_form(path)
    session_id = owe_to_the_bank(till, firm, path)
    assert "Your payment is on its way" in till.get(path).text
    assert till.send_pay(path, form).headers["Location"] == path  # a page that was left open
    assert till.books(firm).payments == 0
    till.at_stripe(session_id, "bank", succeeded=True)
    till.work(firm)
    assert paid_once(till.books(firm)) and told(firm, "rita@maple.example") == []
    assert "This is your receipt" in till.get(path).text


@pytest.mark.parametrize("whose", ["webhook", "sweeper"])
@pytest.mark.failure_mode(14)
def test_a_late_refusal_opens_it_again_and_both_sides_hear_of_it_once(till: Till, firm: Firm, whose: str) -> None:
    till.connect(firm, with_debit=True)
    _, path = till.invoice(firm)
    session_id = owe_to_the_bank(till, firm, path)
    end_debit(firm.organisation_id)  # what is under way goes on
    till.events("now" if whose == "webhook" else "drop")
    till.at_stripe(session_id, "bank", succeeded=False)
    till.work(firm)
    for _ in range(2):
        look_at_attempt(firm.organisation_id, till.attempts(firm)[0].id)
    assert till.attempts(firm)[0].state == "failed" and till.books(firm).payments == 0
    page, day = re.sub("<time[^>]+>|</time>", "", till.get(path).text), clock.today("Europe/London")
    assert "/attempts" in page and f"Your bank did not pay on {day:%A} {day.day} {day:%B}" in page
    [payer] = told(firm, "rita@maple.example")
    with job_session(firm.organisation_id) as session:
        office = session.scalar(select(Organisation.email)) or ""
        link = session.scalars(select(PayLink).where(PayLink.message_id == payer.id)).one()
        mail = read_mail(session, payer.id)
    assert payer.subject == "Your bank did not pay invoice INV-00001 from Northgate Heating" and link.revoked_at is None
    assert "£235.80" in mail.text and "/p/" in mail.text
    [staff] = told(firm, office)
    with job_session(firm.organisation_id) as session:
        assert "They have been written to" in read_mail(session, staff.id).text
    assert staff.subject == "The bank did not pay INV-00001"
    till.events("now")
    till.pay(path)
    till.work(firm)
    assert till.books(firm).received == 23580
    assert "Your bank did not pay" not in till.get(path).text


def test_who_has_no_address_is_to_be_called(till: Till, firm: Firm) -> None:
    till.connect(firm, with_debit=True)
    with job_session(firm.organisation_id) as session:
        session.execute(update(Customer).values(email=""))
    _, path = till.invoice(firm, email="")
    till.at_stripe(owe_to_the_bank(till, firm, path), "bank", succeeded=False)
    till.work(firm)
    with job_session(firm.organisation_id) as session:
        [only] = session.scalars(select(Message).where(Message.kind == "debit_refused"))
        assert "Call them" in read_mail(session, only.id).text


@pytest.mark.parametrize("status", ["lost", "needs_response"])
@pytest.mark.failure_mode(14)
def test_a_debit_that_its_bank_takes_back_after_all_is_to_pay_again_and_both_sides_hear(
    till: Till, firm: Firm, status: str
) -> None:
    till.connect(firm, with_debit=True)
    invoice_id, path = till.invoice(firm)
    till.at_stripe(owe_to_the_bank(till, firm, path), "bank", succeeded=True)
    till.work(firm)
    charge = till.stand_in.client(key_of(firm)).charges.list({"limit": 1}).data[0].id
    for _ in range(2):  # the second is refused: it is disputed already
        till.stand_in.control(f"charges/{charge}/dispute", status=status, reason="insufficient_funds")
        till.work(firm)
    assert due(firm, invoice_id) == 23580
    office = sign_in(till.browser(), firm, "manager")
    with job_session(firm.organisation_id) as session:
        payment_id = session.scalars(select(Payment.id)).one()
        staff = session.scalars(select(Message).where(Message.kind == "staff_news")).all()
        assert {mail.subject for mail in staff} == {"The bank took the debit of £235.80 back"}
        said = read_mail(session, staff[0].id).text
        assert "there was not enough money in the account" in said and "INV-00001 is to pay again" in said
    [mail] = told(firm, "rita@maple.example")
    with job_session(firm.organisation_id) as session:
        assert "took the debit of £235.80 back" in read_mail(session, mail.id).text
    shown = office.get(f"/payments/{payment_id}").text
    assert "The bank took the debit of £235.80 back" in shown and "nobody can argue about that" in shown
    assert "Debit taken back by the bank: there was not enough money in the account" in shown
    assert "Evidence to answer with" not in shown
    page = till.get(path).text
    if status == "lost":  # as debits are: nobody can answer such a return
        assert "Your bank took the debit back on" in page and "/attempts" in page and "went back to you" not in page
        assert "No open disputes" in office.get("/payments/disputes").text


def test_a_debit_whose_payer_argues_waits_for_a_person(till: Till, firm: Firm) -> None:
    till.connect(firm, with_debit=True)
    _, path = till.invoice(firm)
    till.at_stripe(owe_to_the_bank(till, firm, path), "bank", succeeded=True)
    till.work(firm)
    charge = till.stand_in.client(key_of(firm)).charges.list({"limit": 1}).data[0].id
    till.stand_in.control(f"charges/{charge}/dispute", status="lost", reason="debit_not_authorized")
    till.work(firm)
    assert "This invoice is being checked" in till.get(path).text and told(firm, "rita@maple.example") == []
    with job_session(firm.organisation_id) as session:
        staff = session.scalars(select(Message).where(Message.kind == "staff_news")).all()
        assert {mail.subject for mail in staff} == {"The bank took £235.80 back"}


def owe_half_to_the_bank(till: Till, firm: Firm, path: str) -> str:
    with job_session(firm.organisation_id) as session:
        session.execute(update(Organisation).values(takes_parts=True))
    answer = till.send_pay(path, till.pay_form(path) | {"part": "half"})
    session_id = urlsplit(answer.headers["Location"]).path.rpartition("/")[2]
    till.at_stripe(session_id, "pay", card="bank")
    till.work(firm)
    return session_id


def test_of_a_part_that_its_payer_questions_only_that_part_is_said_to_have_gone_back(till: Till, firm: Firm) -> None:
    till.connect(firm, with_debit=True)
    _, path = till.invoice(firm)
    till.at_stripe(owe_half_to_the_bank(till, firm, path), "bank", succeeded=True)
    till.work(firm)
    charge = till.stand_in.client(key_of(firm)).charges.list({"limit": 1}).data[0].id
    till.stand_in.control(f"charges/{charge}/dispute", status="needs_response", reason="debit_not_authorized")
    till.work(firm)
    page = till.get(path).text
    assert "Open, nothing to pay at the moment" in page and "To pay by" not in page
    assert "went back through your bank. The other" in page
    undecided = sign_in(till.browser(), firm, "manager").get("/payments/disputes").text.partition("nothing decided")[2]
    assert "£117.90" in undecided and "£235.80" not in undecided
