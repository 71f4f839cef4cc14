"""Stripe, our rows and the books agree after any order of events: both stand-ins are spoken to over HTTP, answers get
lost on the way, and in the end all three are compared to the penny."""

import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.accounting.mirror.drain import drain
from portal.invoices import write_offs
from portal.invoices.credit_notes.actions import creditable
from portal.invoices.credit_notes.forms import Wanted
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.models import Invoice
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.payments.actions import apply_credit, decide, raise_credit_note, void_invoice, write_off_invoice
from portal.payments.models import Allocation, Payment
from portal.payments.queries import balance_of, get_payment
from portal.payments.refunds.models import COUNTS, Refund
from portal.payments.refunds.queries import list_undecided
from portal.payments.uses import PaymentUse
from portal.shared import clock
from portal.shared.errors import RuleBroken
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.builders import make_firm
from tests.faults.deposit_doings import Deposits
from tests.paying import Till, fresh_delivery, key_of
from tests.paying import till as stripe_till
from tests.portal.accounting.doings import credit, give_back, put_credit, refund_note, rename, reverse
from tests.portal.accounting.stand_in import PRODUCTS, ZohoStandIn, connect, zoho
from tests.portal.accounting.test_mirror_money_law import ours, theirs
from tests.portal.accounting.test_reconciling import reconcile
from tests.portal.payments.test_conservation import BROKEN
from tests.portal.payments.test_recording import record

__all__ = ["fresh_delivery", "stripe_till", "zoho"]

EVENTS = (
    "card", "card", "open page", "pay open page", "bank debit", "debit ends", "refund", "refund at stripe",
    "late failure", "dispute", "dispute ends", "edit", "void", "cash", "cheque for all", "too much cash", "reverse",
    "credit note", "put credit", "use credit", "credit and give back", "credit and give back",
    "hand credit back", "hand credit back", "credit to card",
    "what follows", "what follows", "write off",
    "take back write-off", "books", "books", "books", "ask deposit", "ask deposit", "pay deposit", "pay deposit",
    "debit deposit", "open deposit", "take deposit", "withdraw deposit", "bill deposit", "bill deposit",
)  # fmt: skip


@pytest.fixture(scope="module")
def till(zoho: ZohoStandIn, stripe_till: Till) -> Till:
    """Opened after the books: each of the two sets the addresses that this process speaks to."""
    return stripe_till


class Shop:
    """One firm between both stand-ins, with three invoices."""

    def __init__(self, till: Till, zoho: ZohoStandIn, random: Random, product: str) -> None:
        self.random, self.till = random, till
        self.firm = make_firm()
        with job_session(self.firm.organisation_id) as session:
            session.execute(update(Organisation).values(takes_tips=True))
        self.linked = connect(zoho, self.firm, product=product)
        till.connect(self.firm, with_debit=True)
        self.pages = dict(till.invoice(self.firm, email="") for _ in range(3))
        self.debits: list[str] = []
        self.deposits = Deposits(till, self.firm, random, self.debits)

    def do(self, event: str) -> None:
        """What the rules refuse, here or at Stripe, is no event."""
        deeds: dict[str, Callable[[], object]] = {
            "card": self._card, "open page": self._open, "pay open page": self._pay_open, "bank debit": self._debit,
            "debit ends": self._end_debit, "refund": self._refund, "refund at stripe": self._refund_at_stripe,
            "late failure": self._fail_refund, "dispute": self._dispute, "dispute ends": self._end_dispute,
            "edit": lambda: rename(self.linked, f"Maple {self.random.random()}"),
            "void": lambda: void_invoice(self.firm.organisation_id, self._any(), "Raised twice"),
            "cash": lambda: record(self.firm, [self._any()], self.random.choice([1, 7001, 23580])),
            "cheque for all": lambda: record(self.firm, list(self.pages), 40000, method="cheque", reference="77"),
            "too much cash": lambda: record(self.firm, [self._any()], 30000),
            "reverse": lambda: reverse(self.linked, self._row(Payment, Payment.provider == "offline")),
            "credit note": self._credit, "put credit": self._put, "credit and give back": self._credit_back,
            "hand credit back": lambda: self._refund_note("cash"),
            "credit to card": lambda: self._refund_note("stripe"),
            "what follows": self._decide,
            "write off": lambda: write_off_invoice(self.firm.organisation_id, self._any(), "Moved away"),
            "take back write-off": self._take_back,
            "use credit": lambda: apply_credit(self.firm.organisation_id, self._any()), "books": self._books,
            "ask deposit": self.deposits.ask, "pay deposit": self.deposits.pay, "debit deposit": self.deposits.owe,
            "open deposit": self.deposits.leave_open, "take deposit": self.deposits.take,
            "withdraw deposit": self.deposits.withdraw, "bill deposit": self._bill_deposit,
        }  # fmt: skip
        with suppress(RuleBroken):
            deeds[event]()
        self.till.work(self.firm)
        self.till.no_faults()

    def settle(self) -> None:
        """All that was put off is due, until nothing is left to do."""
        for _ in range(3):
            with job_session(self.firm.organisation_id) as session:
                session.execute(update(Refund).values(look_at=clock.now() - timedelta(seconds=1)))
            self.till.work(self.firm)
            self.linked.make_due()
            drain(self.firm.organisation_id)

    def _any(self) -> int:
        return self.random.choice(list(self.pages))

    def _row(self, model: type[Any], *only: Any) -> int:
        with job_session(self.firm.organisation_id) as session:
            found = session.scalars(select(model.id).where(*only).order_by(model.id)).all()
        if not found:
            raise RuleBroken("there is none")
        return int(self.random.choice(list(found)))

    def _open(self) -> str:
        path = self.pages[self._any()]
        tip = {"tip": self.random.choice(["", "5", "15"])}
        answer = self.till.send_pay(path, self.till.pay_form(path) | tip)
        if answer.status_code != 303 or "/c/" not in answer.headers["Location"]:
            raise RuleBroken("nothing to pay")
        return answer.headers["Location"].partition("?")[0].rpartition("/")[2]

    def _card(self) -> None:
        self._at(f"sessions/{self._open()}/pay")

    def _pay_open(self) -> None:
        """Whoever still has the page open; Stripe itself refuses where we have closed it."""
        for made in self.till.made_sessions(self.firm):
            self._at(f"sessions/{made.id}/pay")

    def _debit(self) -> None:
        self.debits.append(self._open())
        self._at(f"sessions/{self.debits[-1]}/pay", card="bank")

    def _end_debit(self) -> None:
        for each in self.debits:
            self._at(f"sessions/{each}/bank", succeeded=self.random.random() < 0.5)

    def _bill_deposit(self) -> None:
        invoice_id, path = self.deposits.bill()
        self.pages[invoice_id] = path

    def _refund(self) -> None:
        payment_id = self._row(Payment)
        with job_session(self.firm.organisation_id) as session:
            is_card = session.get_one(Payment, payment_id).provider == "stripe"
            tip = get_payment(session, payment_id).use.tip_left if self.random.random() < 0.7 else None
        if is_card and self.random.random() < 0.5:
            self.till.fault("cut_after", "refunds", times=1)
        way = self.random.choice(["stripe", "cash"]) if is_card else "cash"
        give_back(self.linked, payment_id, self.random.choice([500, 7000]), way=way, tip=tip)

    def _refund_at_stripe(self) -> None:
        for charge in self._charges()[:1]:
            self._at(f"charges/{charge.id}/refunds", amount=self.random.choice([2000, int(charge.amount)]))

    def _fail_refund(self) -> None:
        for refund in self._refunds()[:1]:
            self._at(f"refunds/{refund.id}/settle", outcome="failed")

    def _dispute(self) -> None:
        for charge in self._charges()[:1]:
            self._at(f"charges/{charge.id}/dispute")

    def _end_dispute(self) -> None:
        for dispute in self._client().disputes.list({"limit": 100}).data:
            self._at(f"disputes/{dispute.id}/close", outcome=self.random.choice(["won", "lost"]))

    def _credit(self) -> None:
        with job_session(self.firm.organisation_id) as session:
            invoice = self._invoice(session)
        credit(self.linked, invoice, share="0.37", keep=self.random.random() < 0.5)

    def _credit_back(self) -> None:
        """A part of one invoice, out of all its payments; Stripe's answer may get lost. What was given back in cash can
        still be disputed, or given back at Stripe, and then leaves the account a second time."""
        if self.random.random() < 0.5:
            self.till.fault("cut_after", "refunds", times=1)
        with job_session(self.firm.organisation_id) as session:
            invoice = self._invoice(session)
            left = creditable(session, invoice)
        parts = {at: _share(each, self.random.choice(["0.5", "1"])) for at, each in enumerate(left)}
        wanted = Wanted(parts, "not happy", keep=False, back=self.random.choice(["stripe", "cash"]))
        by = self.firm.people["manager"]
        raise_credit_note(self.firm.organisation_id, invoice.id, wanted, form_id=uuid.uuid4().hex, raised_by=by)

    def _refund_note(self, way: str) -> None:
        """Some of what a paid invoice is credited with is kept, and of that some goes back."""
        invoice_id = self._paid_by("stripe" if way == "stripe" else "offline")
        with job_session(self.firm.organisation_id) as session:
            invoice = get_invoice(session, invoice_id)
        note = credit(self.linked, invoice, share="0.1", keep=True)
        refund_note(self.linked, note.id, self.random.choice([1, 1500]), way=way)

    def _paid_by(self, provider: str) -> int:
        """An invoice with money of this kind; whatever is left to pay on it is paid now."""
        with job_session(self.firm.organisation_id) as session:
            of_kind = session.scalars(
                select(Allocation.invoice_id)
                .join(Payment, Payment.id == Allocation.payment_id)
                .join(Invoice, Invoice.id == Allocation.invoice_id)
                .where(Payment.provider == provider, Invoice.status == "sent")
                .group_by(Allocation.payment_id, Allocation.invoice_id)
                .having(func.sum(Allocation.amount_minor) >= 1500)
                .order_by(Allocation.invoice_id)
            ).all()
            if not of_kind:
                raise RuleBroken("there is none")
            invoice_id = self.random.choice(list(of_kind))
            left = balance_of(session, invoice_id).minor
        if left > 0:
            record(self.firm, [invoice_id], left)
        return invoice_id

    def _decide(self) -> None:
        """Somebody says whether what a customer got back unasked is credited, or to pay again."""
        self._refund_at_stripe()
        self.till.work(self.firm)
        with job_session(self.firm.organisation_id) as session:
            waiting = [each.id for each, _lost in list_undecided(session)]
            if not waiting:
                raise RuleBroken("nothing waits")
            then = self.random.choice(["credit", "ask", "give_up"])
            decide(session, self.random.choice(waiting), then, by=self.firm.people["manager"])

    def _take_back(self) -> None:
        with job_session(self.firm.organisation_id) as session:
            write_offs.take_back(session, get_invoice(session, self._any(), lock=True))

    def _put(self) -> None:
        note_id = self._row(CreditNote)
        with job_session(self.firm.organisation_id) as session:
            note, invoice = session.get_one(CreditNote, note_id), self._invoice(session)
        put_credit(self.linked, note, invoice)

    def _invoice(self, session: Session) -> Invoice:
        return get_invoice(session, self._any())

    def _books(self) -> None:
        method, path = self.random.choice(
            [("POST", "/customerpayments"), ("PUT", "/customerpayments"), ("POST", "/refunds"), ("POST", "/invoices")]
        )
        self.linked.zoho.break_down(self.random.choice(["cut_after", "error_500_before"]), method=method, path=path)
        self.linked.make_due()
        drain(self.firm.organisation_id)
        self.linked.zoho.mend()

    def _at(self, path: str, **wish: Any) -> None:
        self.till.stand_in.control(path, **wish)
        self.till.stand_in.idle()

    def _client(self) -> Any:
        return self.till.stand_in.client(key_of(self.firm))

    def _charges(self) -> list[Any]:
        found = self._client().charges.list({"limit": 100}).data
        return [each for each in found if each.status == "succeeded"]

    def _refunds(self) -> list[Any]:
        return list(self._client().refunds.list({"limit": 100}).data)

    def at_stripe(self) -> tuple[dict[str, int], int]:
        """What came, by payment; and what stays of all of it, by Stripe's own account book."""
        came = {str(each.payment_intent): int(each.amount) for each in self._charges()}
        moved = self._client().balance_transactions.list({"limit": 100}).data
        return came, sum(int(each.amount) for each in moved)

    def at_ours(self) -> tuple[dict[str, int], int]:
        with job_session(self.firm.organisation_id) as session:
            cards = session.scalars(select(Payment).where(Payment.provider == "stripe")).all()
            came = {each.provider_payment_id: each.taken.minor for each in cards}
            back = session.scalar(
                select(func.coalesce(func.sum(Refund.amount_minor + Refund.tip_minor + Refund.beyond_minor), 0)).where(
                    Refund.payment_id.in_([each.id for each in cards]),
                    Refund.state.in_(COUNTS),
                    Refund.way.in_(["stripe", "dispute"]),  # a card's money may be given back in cash
                )
            )
        return came, sum(came.values()) - int(back or 0)

    def in_the_books(self) -> tuple[dict[str, Decimal], dict[str, Decimal], dict[str, Decimal]]:
        """Nothing is to pay on what is void, whatever the balance says that it would be."""
        balances, unused, kept = theirs(self.linked)
        void = [str(each["invoice_id"]) for each in self.linked.there("invoices") if each["status"] == "void"]
        return balances | dict.fromkeys(void, Decimal(0)), unused, kept

    def all_money(self) -> tuple[Decimal, Decimal]:
        """What customers paid and did not get back, here and in the books: each penny is on an invoice or unused."""
        with job_session(self.firm.organisation_id) as session:
            uses = session.scalars(select(PaymentUse)).all()
            here = sum(use.allocated_minor + use.unused_minor for use in uses)
        paid = self.linked.there("customerpayments")
        there = sum((_amount(each, "amount") for each in paid), Decimal(0))
        there -= sum((_amount(each, "amount") for each in self.linked.there("paymentrefunds")), Decimal(0))
        return Decimal(here) / 100, there


def _share(amount: Money, of_it: str) -> Money:
    return Money.rounded(amount.decimal * Decimal(of_it), amount.currency)


def _amount(record: dict[str, Any], key: str) -> Decimal:
    return Decimal(str(record[key]))


@given(st.integers(0, 10**6))
@settings(
    max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True,
    phases=[Phase.generate],
)  # fmt: skip
def test_stripe_our_rows_and_the_books_agree_after_any_order(till: Till, zoho: ZohoStandIn, seed: int) -> None:
    random = Random(seed)
    order = random.sample(EVENTS, len(EVENTS))
    shop = Shop(till, zoho, random, PRODUCTS[seed % 2])
    for event in order:
        shop.do(event)
    shop.settle()
    with job_session(shop.firm.organisation_id) as session:
        # Its law for invoices knows of no credit notes; the books are to agree on every balance.
        assert [row for row in session.execute(BROKEN) if row[0] == "payment"] == []
    assert shop.at_stripe() == shop.at_ours()
    assert [(one.module, one.state, one.last_error) for one in shop.linked.mirror() if one.state != "in_step"] == []
    assert shop.in_the_books() == ours(shop.linked)
    here, there = shop.all_money()
    assert here == there
    assert [(drift.cause, drift.label) for drift in reconcile(shop.linked)] == []
