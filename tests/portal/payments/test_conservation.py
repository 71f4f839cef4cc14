"""Whatever happens in whatever order, no penny is made or lost: reckoned by SQL after each step."""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from portal.gateways.stripe_gateway import SeenDispute
from portal.invoices import write_offs
from portal.invoices.credit_notes.actions import creditable, raise_credit_note
from portal.invoices.models import InvoiceBalance
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.payments.actions import (
    apply_credit,
    decide,
    plan_refund,
    reverse_payment,
    settle,
    void_invoice,
    write_off_invoice,
)
from portal.payments.actions.disputes import keep_dispute
from portal.payments.actions.refunds import end_refund
from portal.payments.models import Payment, PaymentAttempt
from portal.payments.refunds.models import Refund
from portal.payments.refunds.queries import list_undecided
from portal.shared import clock
from portal.shared.errors import RuleBroken
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.builders import Firm, make_firm
from tests.paying import Till
from tests.portal.payments.test_recording import record
from tests.portal.payments.test_settling import _seen

# Each payment is put to invoices, given back, reversed or unused, and never more of it than there is; no invoice is
# paid by less than nothing, and none beyond its total by what we put to it ourselves.
BROKEN = text(
    "SELECT 'payment', u.payment_id FROM payment_uses u"
    " WHERE u.amount_minor <> u.allocated_minor + u.refunded_minor + u.reversed_minor + u.unused_minor"
    "    OR u.unused_minor < 0 OR u.allocated_minor < 0 OR u.tip_left_minor < 0"
    "    OR u.allocated_minor <> COALESCE((SELECT sum(a.amount_minor) FROM allocations a"
    "                                       WHERE a.payment_id = u.payment_id), 0)"
    " UNION ALL SELECT 'invoice', b.invoice_id FROM invoice_balances b JOIN invoices i ON i.id = b.invoice_id"
    " WHERE b.paid_minor < 0 OR b.paid_minor > i.total_minor"
    "    OR (i.status = 'sent' AND b.balance_minor <> i.total_minor - i.withheld_minor - b.paid_minor"
    "                                                            - b.credited_minor - i.written_off_minor)"
    "    OR (i.status = 'void' AND b.paid_minor <> 0)"
)
STEPS = (
    "card",
    "cash",
    "much cash",
    "credit",
    "reverse",
    "refund",
    "refund all",
    "late failure",
    "void",
    "dispute",
    "won",
    "write off",
    "take back",
    "credit note",
    "decide",
)


class Shop:
    """One firm, two invoices, and everything that can happen to their money."""

    def __init__(self, till: Till) -> None:
        self.firm: Firm = make_firm()
        self.till = till
        till.connect(self.firm)
        made = [till.invoice(self.firm, email="") for _ in range(2)]
        self.invoices = [invoice_id for invoice_id, _ in made]
        till.begin(made[0][1])

    def do(self, step: str, which: int) -> None:
        """What our rules refuse is no step."""
        deeds: dict[str, Callable[[int], object]] = {
            "card": self._card, "cash": lambda at: record(self.firm, [self.invoices[at % 2]], 7000 + at),
            "much cash": lambda at: record(self.firm, self.invoices, 60000),
            "credit": lambda at: apply_credit(self.firm.organisation_id, self.invoices[at % 2]),
            "reverse": self._reverse, "refund": lambda at: self._refund(at, 3000),
            "refund all": lambda at: self._refund(at, 0), "late failure": self._fail,
            "dispute": lambda at: self._dispute(at, "needs_response", 10000),
            "won": lambda at: self._dispute(at, "won", 0),
            "write off": lambda at: write_off_invoice(self.firm.organisation_id, self.invoices[at % 2], "gone"),
            "take back": self._take_back, "credit note": self._credit_note, "decide": self._decide,
            "void": lambda at: void_invoice(self.firm.organisation_id, self.invoices[at % 2], "typo"),
        }  # fmt: skip
        with suppress(RuleBroken):
            deeds[step](which)

    def given_up(self) -> dict[int, tuple[int, int]]:
        """invoice → what is written off, and what is to pay."""
        with job_session(self.firm.organisation_id) as session:
            rows = session.execute(select(InvoiceBalance.invoice_id, InvoiceBalance.written_off_minor,
                                          InvoiceBalance.balance_minor))  # fmt: skip
            return {invoice_id: (minor, left) for invoice_id, minor, left in rows}

    def broken(self) -> list[object]:
        with job_session(self.firm.organisation_id) as session:
            return list(session.execute(BROKEN))

    def _card(self, _at: int) -> None:
        """Money that has come is booked, whatever happened to the invoice meanwhile."""
        with job_session(self.firm.organisation_id) as session:
            attempt = session.scalars(select(PaymentAttempt)).first()
            assert attempt is not None
            settle(session, attempt.id, _seen(attempt, "paid"))

    def _pick(self, at: int) -> Payment | None:
        with job_session(self.firm.organisation_id) as session:
            payments = session.scalars(select(Payment).order_by(Payment.id)).all()
            return payments[at % len(payments)] if payments else None

    def _reverse(self, at: int) -> None:
        payment = self._pick(at)
        if payment:
            with job_session(self.firm.organisation_id) as session:
                reverse_payment(session, payment.id, "typo", by=self.firm.people["manager"])

    def _take_back(self, at: int) -> None:
        with job_session(self.firm.organisation_id) as session:
            write_offs.take_back(session, get_invoice(session, self.invoices[at % 2], lock=True))

    def _credit_note(self, at: int) -> None:
        with job_session(self.firm.organisation_id) as session:
            invoice = get_invoice(session, self.invoices[at % 2], lock=True)
            wanted = {place: part.times(Decimal("0.25")) for place, part in enumerate(creditable(session, invoice))}
            organisation = session.get_one(Organisation, self.firm.organisation_id)
            raise_credit_note(session, organisation, invoice, wanted, "r", form_id=None, raised_by=None)

    def _decide(self, at: int) -> None:
        then = ("ask", "credit", "give_up")[at % 3]
        with job_session(self.firm.organisation_id) as session:
            for invoice, _lost in list_undecided(session)[:1]:
                decide(session, invoice.id, then, by=self.firm.people["manager"])

    def _refund(self, at: int, minor: int) -> None:
        payment = self._pick(at)
        if payment:
            amount = Money(minor or payment.amount_minor, "GBP")
            way = "cash" if payment.provider == "offline" else "stripe"
            with job_session(self.firm.organisation_id) as session:
                plan_refund(session, payment.id, amount, way=way, reason="r", by=None, form_id=None)

    def _fail(self, at: int) -> None:
        with job_session(self.firm.organisation_id) as session:
            refunds = session.scalars(select(Refund).order_by(Refund.id)).all()
            if refunds:
                end_refund(session, refunds[at % len(refunds)], "failed", f"no account, {clock.now():%H:%M}")

    def _dispute(self, at: int, status: str, held: int) -> None:
        payment = self._pick(at)
        if payment and payment.provider == "stripe":
            seen = SeenDispute(
                f"dp_{at % 2}", payment.provider_payment_id, Money(10000, "GBP"), status, "fraudulent", None,
                Money(held, "GBP"), {},
            )  # fmt: skip
            with job_session(self.firm.organisation_id) as session:
                keep_dispute(session, payment, seen)


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 5)), min_size=3, max_size=9))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
def test_no_order_of_steps_makes_or_loses_a_penny(till: Till, steps: list[tuple[str, int]]) -> None:
    shop = Shop(till)
    for step, which in steps:
        before = shop.given_up()
        shop.do(step, which)
        assert shop.broken() == [], f"after {step}"
        for invoice_id, (minor, left) in shop.given_up().items():
            was, was_left = before[invoice_id]
            if step in ("write off", "decide") and minor > was:  # what was open, and nothing else
                assert minor - was <= was_left and left == was_left - (minor - was), f"after {step}"
            elif step not in ("take back", "void"):
                assert minor == was, f"after {step}"
