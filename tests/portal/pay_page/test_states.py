"""One page per state: which it is (a table), and that a customer really comes to each of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from portal.invoices import holds
from portal.invoices.models import Invoice, PayLink
from portal.invoices.queries import get_invoice
from portal.pay_page.rules import PAYABLE, SETTLED, Standing, page_state
from portal.payments.actions import offer_debit, plan_refund, void_invoice, write_off_invoice
from portal.payments.models import Payment, StripeAccount, StripeEvent
from portal.payments.refunds.models import Dispute
from portal.payments.refunds.rules import way_back
from portal.payments.rules import DECLINED, MOST_DECLINES
from portal.shared import clock, phrases
from portal.shared.money import Money
from portal.shared.running import job_session
from portal.work_orders.queries import get_work_order
from tests.builders import Firm, make_credit_note, make_invoice, pay_address
from tests.paying import Till, take_cash


def pounds(amount: str) -> Money:
    return Money.of(amount, "GBP")


NOTHING = pounds("0")
OPEN = Standing(
    status="sent", total=pounds("100"), paid=NOTHING, credited=NOTHING, given_back=NOTHING, balance=pounds("100"),
    under_way=NOTHING,
)  # fmt: skip
PAID = replace(OPEN, paid=pounds("100"), balance=NOTHING)
CREDITED = replace(OPEN, credited=pounds("100"), balance=NOTHING)
OVERDUE = replace(OPEN, is_overdue=True)


@pytest.mark.parametrize(
    ("state", "standing"),
    [
        ("to_pay", OPEN),
        ("to_pay", replace(OPEN, given_back=pounds("100"))),
        ("overdue", OVERDUE),
        ("overdue", replace(OVERDUE, paid=pounds("40"), balance=pounds("60"))),
        ("part_paid", replace(OPEN, paid=pounds("40"), balance=pounds("60"))),
        ("part_paid", replace(OPEN, credited=pounds("40"), balance=pounds("60"))),
        ("paid", PAID),
        ("paid", replace(PAID, paid=pounds("150"), balance=pounds("-50"))),
        ("paid", replace(PAID, is_disputed=True, is_overdue=True)),
        ("paid", replace(PAID, credited=pounds("40"), paid=pounds("60"), given_back=pounds("40"))),
        ("paid", replace(PAID, total=NOTHING, paid=NOTHING)),
        ("credited", CREDITED),
        ("refunded", replace(CREDITED, given_back=pounds("100"))),
        ("processing", replace(OVERDUE, under_way=OVERDUE.balance, is_held=True, takes_cards=False)),
        ("overdue", replace(OVERDUE, under_way=pounds("60"))),
        ("part_paid", replace(OPEN, under_way=pounds("60"))),
        ("too_small", replace(OPEN, under_way=pounds("99.90"))),
        ("processing", replace(OPEN, paid=pounds("40"), balance=pounds("60"), under_way=pounds("60"))),
        ("disputed", replace(OVERDUE, under_way=pounds("60"), is_disputed=True)),
        ("disputed", replace(OVERDUE, is_disputed=True, is_held=True)),
        ("held", replace(OVERDUE, is_held=True)),
        ("too_small", replace(OVERDUE, balance=pounds("0.29"))),
        ("refused", replace(OVERDUE, is_tried_out=True)),
        ("held", replace(OVERDUE, is_tried_out=True, is_held=True)),
        ("paid", replace(PAID, is_tried_out=True)),
        ("to_pay", replace(OPEN, total=pounds("0.30"), balance=pounds("0.30"))),
        ("too_large", replace(OVERDUE, balance=pounds("1000000"))),
        ("not_exact", replace(OPEN, balance=Money(5_124, "KWD"), under_way=Money(0, "KWD"))),
        ("not_exact", replace(OPEN, balance=Money(100_000, "IQD"), under_way=Money(0, "IQD"))),
        ("no_cards", replace(OVERDUE, takes_cards=False)),
        ("void", replace(OVERDUE, status="void")),
        ("replaced", replace(OVERDUE, status="void", is_replaced=True)),
        ("written_off", replace(PAID, is_written_off=True)),
    ],
)
def test_each_standing_has_one_page(state: str, standing: Standing) -> None:
    assert page_state(standing) == state


WAYS = [
    way_back(*each) for each in (("stripe", "card"), ("stripe", "bank_debit"), ("cash", "card"), ("dispute", "card"))
]
Deed = Callable[[Till, Firm, int, str], None]


def _pay(till: Till, firm: Firm, invoice_id: int, path: str) -> None:
    till.pay(path)
    till.work(firm)


def _owe_to_the_bank(till: Till, firm: Firm, invoice_id: int, path: str) -> None:
    offer_debit(firm.organisation_id)
    session_id, _ = till.begin(path)
    till.at_stripe(session_id, "pay", card="bank")
    till.work(firm)


def _give_back(till: Till, firm: Firm, invoice_id: int, path: str) -> None:
    _pay(till, firm, invoice_id, path)
    with job_session(firm.organisation_id) as session:
        paid = session.query(Payment).one()
        plan_refund(session, paid.id, paid.amount, way="cash", reason="goodwill", by=None, form_id=None)


def _give_back_and_credit(till: Till, firm: Firm, invoice_id: int, path: str) -> None:
    _give_back(till, firm, invoice_id, path)
    _credit(till, firm, invoice_id, path)


def _credit(till: Till, firm: Firm, invoice_id: int, path: str) -> None:
    with job_session(firm.organisation_id) as session:
        make_credit_note(session, firm, get_invoice(session, invoice_id, lock=True))


def _credit_a_line_after_a_look(till: Till, firm: Firm, invoice_id: int, path: str) -> None:
    _set(firm, PayLink, opened_at=clock.now())
    with job_session(firm.organisation_id) as session:
        make_credit_note(session, firm, get_invoice(session, invoice_id, lock=True), share="0.5")


def _dispute(till: Till, firm: Firm, invoice_id: int, path: str) -> None:
    _give_back(till, firm, invoice_id, path)
    with job_session(firm.organisation_id) as session:
        paid = session.query(Payment).one()
        session.add(
            Dispute(
                organisation_id=firm.organisation_id, payment_id=paid.id, remote_id="dp_1", amount_minor=23580,
                currency="GBP", status="needs_response", reason="general", withdrawn_minor=23580,
            )
        )  # fmt: skip


def _void(till: Till, firm: Firm, invoice_id: int, path: str) -> None:
    void_invoice(firm.organisation_id, invoice_id, "typo")


def _try_out_cards(till: Till, firm: Firm, invoice_id: int, path: str) -> None:
    with job_session(firm.organisation_id) as session:
        account_id = session.scalars(select(StripeAccount.id)).one()
        session.add_all(
            StripeEvent(
                organisation_id=firm.organisation_id, stripe_account_id=account_id, event_id=f"evt_{number}",
                kind=DECLINED, body={"metadata": {"invoice": str(invoice_id)}}, state="done",
            )
            for number in range(MOST_DECLINES)
        )  # fmt: skip


def _set(firm: Firm, model: type, **values: object) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(model).values(**values))


def _is_late(till: Till, firm: Firm, invoice_id: int, path: str) -> None:
    _set(firm, Invoice, due_on=clock.now().date() - timedelta(days=9))


def _write_off(till: Till, firm: Firm, invoice_id: int, path: str) -> None:
    write_off_invoice(firm.organisation_id, invoice_id, "Bankrupt")


def _hold(till: Till, firm: Firm, invoice_id: int, path: str) -> None:
    with job_session(firm.organisation_id) as session:
        holds.hold(session, firm.organisation_id, invoice_id, "differs")


def _take(minor: int) -> Deed:
    return lambda till, firm, invoice_id, path: take_cash(firm, invoice_id, minor)


STATES: dict[str, tuple[Deed, str, bool]] = {
    "to pay": (lambda *_: None, "Pay £235.80", True),
    "part paid": (_take(10000), "Pay £135.80", True),
    "overdue": (_is_late, "Overdue", True),
    "revised": (_credit_a_line_after_a_look, "This invoice has changed", True),
    "given back": (_give_back, "Your payment went back to you", True),
    "paid": (_pay, "This is your receipt", False),
    "processing": (_owe_to_the_bank, "Your payment is on its way", False),
    "refunded": (_give_back_and_credit, "Your money was given back", False),
    "credited": (_credit, "has credited this invoice in full", False),
    "disputed": (_dispute, "Your bank is looking into this payment", False),
    "held": (_hold, "This invoice is being checked", False),
    "too small": (_take(23560), "less than a card payment can be", False),
    "void": (_void, "Reason given: typo", False),
    "refused": (_try_out_cards, "Too many cards were refused", False),
    "written off": (_write_off, "This invoice is closed", False),
}


@pytest.mark.parametrize("name", STATES)
def test_a_customer_comes_to_each_page_and_can_pay_where_it_says_so(till: Till, firm: Firm, name: str) -> None:
    deed, words, can_pay = STATES[name]
    till.connect(firm)
    invoice_id, path = till.invoice(firm)
    form = till.pay_form(path)
    deed(till, firm, invoice_id, path)
    answer = till.get(path)
    assert answer.status_code == 200 and words in answer.text
    assert ("/attempts" in answer.text) == can_pay
    before = len(till.attempts(firm))
    kept = till.send_pay(path, form)  # a page that was left open from before
    assert kept.status_code in (303, 409)
    if not can_pay:
        assert kept.headers["Location"] == path and len(till.attempts(firm)) == before


def test_a_firm_without_stripe_says_how_to_go_on(till: Till, firm: Firm) -> None:
    page = till.get(till.invoice(firm)[1]).text
    assert "cards are not taken here yet" in page and "/attempts" not in page
    assert "Write to them" in page


def test_a_replaced_invoice_leads_to_the_newer_one(till: Till, firm: Firm, other_firm: Firm) -> None:
    till.connect(firm)
    with job_session(firm.organisation_id) as session:
        old = make_invoice(session, firm)
        old_id, path = old.id, pay_address(session, old)
        job_id = session.execute(text("SELECT min(id) FROM work_orders")).scalar_one()
    void_invoice(firm.organisation_id, old_id, "wrong price")
    assert "There is a newer invoice" not in till.get(path).text
    assert till.post(f"{path}/newer").headers["Location"] == path  # there is none yet
    with job_session(firm.organisation_id) as session:
        newer = make_invoice(session, firm, work_order=get_work_order(session, job_id, firm.viewer()))
        number = newer.number or ""
    assert "There is a newer invoice" in till.get(path).text
    led_to = till.post(f"{path}/newer").headers["Location"]
    assert led_to != path and number in till.get(led_to).text
    assert till.post(f"{path}/newer").headers["Location"] == led_to
    assert till.post(f"{path}/newer", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_a_receipt_outlives_its_link_and_an_open_invoice_does_not(till: Till, firm: Firm) -> None:
    till.connect(firm)
    (_, paid), (_, unpaid) = till.invoice(firm), till.invoice(firm)
    _pay(till, firm, 0, paid)
    _set(firm, PayLink, expires_at=clock.now() - timedelta(days=400))
    assert "This is your receipt" in till.get(paid).text
    assert till.get(unpaid).status_code == 410


def test_every_state_has_its_words() -> None:
    english = phrases.LANGUAGES["en"].words
    for state in {"void", "replaced", "written_off", "held", "disputed", "processing", *SETTLED} - set(PAYABLE):
        # What was refunded has a sentence for each way in which it went back.
        notes = [f"{state}_note_{way}" for way in WAYS] if state == "refunded" else [f"{state}_note"]
        assert state in english and set(notes) <= set(english)
