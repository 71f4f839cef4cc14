"""Whatever happens to money here, in whatever order and with whatever breaking in between: in the end every invoice's
balance and the customer's credit are the same in the books, to the cent."""

import random
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal

import pytest
from sqlalchemy import select

from portal.accounting.mirror.drain import drain
from portal.accounting.models import MirrorRecord
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.credit_notes.queries import kept_as_credit
from portal.invoices.models import Invoice
from portal.invoices.queries import balance_of, get_invoice
from portal.payments.actions.credit import apply_credit
from portal.payments.models import Payment
from portal.payments.refunds.models import COUNTS, Refund
from portal.payments.uses import PaymentUse
from portal.shared.errors import RuleBroken
from portal.shared.running import job_session
from tests.portal.accounting.doings import (
    credit,
    fail_refund,
    give_back,
    pay,
    put_credit,
    refund_note,
    reverse,
    sent_invoice,
)  # fmt: skip
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho

__all__ = ["linked", "zoho"]


class Actor:
    """Does what people do to money, one thing after another, as the seed has it."""

    def __init__(self, linked: LinkedFirm, seed: int) -> None:
        self.linked, self.random = linked, random.Random(seed)
        self.invoices = [sent_invoice(linked) for _ in range(2)]
        self.does: list[Callable[[], object]] = [
            self.pay, self.pay, self.refund, self.lose_refund, self.reverse, self.credit, self.put, self.use,
            self.drain, self.hand_credit_back,
        ]  # fmt: skip

    def step(self) -> None:
        with suppress(RuleBroken):  # not possible as things stand; the portal says so
            self.random.choice(self.does)()

    def pay(self) -> None:
        invoice, minor = self.random.choice(self.invoices), self.random.choice([1999, 9000, 23580, 30000])
        with job_session(self.linked.organisation_id) as session:
            due = balance_of(get_invoice(session, invoice.id)).balance.minor
        pay(self.linked, invoice, minor, applied=max(min(minor, due), 0), method=self.random.choice(["card", "cash"]))

    def refund(self) -> None:
        give_back(
            self.linked,
            self.any_of(Payment),
            self.random.choice([500, 9000]),
            way=self.random.choice(["cash", "dispute"]),
        )

    def lose_refund(self) -> None:
        fail_refund(self.linked, self.any_of(Refund, Refund.state.in_(COUNTS)))

    def reverse(self) -> None:
        reverse(self.linked, self.any_of(Payment, Payment.provider == "offline"))

    def credit(self) -> None:
        share, keep = self.random.choice(["0.37", "0.1"]), self.random.random() < 0.3
        credit(self.linked, self.random.choice(self.invoices), share=share, keep=keep)

    def put(self) -> None:
        with job_session(self.linked.organisation_id) as session:
            note = session.get_one(CreditNote, self.any_of(CreditNote))
        put_credit(self.linked, note, self.random.choice(self.invoices))

    def hand_credit_back(self) -> None:
        refund_note(self.linked, self.any_of(CreditNote), self.random.choice([1, 700, 2000]))

    def use(self) -> None:
        apply_credit(self.linked.organisation_id, self.random.choice(self.invoices).id)

    def drain(self) -> None:
        if self.random.random() < 0.5:
            self.linked.zoho.break_down("cut_after", method=self.random.choice(["POST", "PUT", "DELETE"]))
        self.linked.make_due()
        drain(self.linked.organisation_id)
        self.linked.zoho.mend()

    def any_of(self, model: type, *only: object) -> int:
        with job_session(self.linked.organisation_id) as session:
            found = session.scalars(select(model.id).where(*only).order_by(model.id)).all()
        if not found:
            raise RuleBroken("there is none")
        return self.random.choice(list(found))


@pytest.mark.parametrize(("linked", "seed"), [("books", 1), ("invoice", 2), ("books", 3)], indirect=["linked"])
def test_balances_and_credit_end_up_equal_to_the_cent(linked: LinkedFirm, seed: int) -> None:
    actor = Actor(linked, seed)
    for _ in range(25):
        actor.step()
    for _ in range(6):
        linked.make_due()
        drain(linked.organisation_id)
    stuck = [
        (each.module, each.state, each.last_error, each.waits_for)
        for each in linked.mirror()
        if each.state != "in_step"
    ]
    assert stuck == []
    assert theirs(linked) == ours(linked)


def ours(linked: LinkedFirm) -> tuple[dict[str, Decimal], dict[str, Decimal], dict[str, Decimal]]:
    """By its id there: balance of each invoice, what is unused of each payment, what is kept of each credit note."""
    with job_session(linked.organisation_id) as session:
        there = {(each.module, each.local_id): each.remote_id or "" for each in session.scalars(select(MirrorRecord))}
        balances = {
            there["invoice", each]: balance_of(get_invoice(session, each)).balance.decimal
            for each in session.scalars(select(Invoice.id))
        }
        unused = {
            there["payment", each.payment_id]: each.unused.decimal for each in session.scalars(select(PaymentUse))
        }
        kept = {
            there["credit_note", each.id]: kept_as_credit(session, each).decimal
            for each in session.scalars(select(CreditNote))
        }
    return balances, unused, kept


def theirs(linked: LinkedFirm) -> tuple[dict[str, Decimal], dict[str, Decimal], dict[str, Decimal]]:
    def amounts(module: str, key: str, field: str) -> dict[str, Decimal]:
        return {str(each[key]): Decimal(str(each[field])) for each in linked.there(module)}

    return (
        amounts("invoices", "invoice_id", "balance"), amounts("customerpayments", "payment_id", "unused_amount"),
        amounts("creditnotes", "creditnote_id", "balance"),
    )  # fmt: skip
