"""What people do while everything breaks. Whatever was answered with success is written down: it must not be lost."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import TypeVar

from sqlalchemy import ColumnElement, func, select

from portal.catalogue.actions import ItemFacts, edit_item
from portal.catalogue.models import Item
from portal.customers.actions import CustomerFacts, edit_customer
from portal.customers.queries import get_customer
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.models import SENT, Invoice, InvoiceBalance
from portal.payments.actions import (
    apply_credit,
    plan_refund,
    put_credit_note,
    reverse_payment,
    void_credit_note,
    void_invoice,
    write_off_invoice,
)
from portal.payments.models import Payment
from portal.payments.uses import PaymentUse
from portal.shared import clock
from portal.shared.errors import RuleBroken
from portal.shared.money import Money
from portal.shared.running import job_session
from portal.taxes.actions import change_rate
from portal.taxes.models import Tax
from tests.builders import make_customer
from tests.chaos.acts_there import Bookkeeper
from tests.portal.accounting.doings import credit, pay, sent_invoice, take_write_off_back
from tests.portal.accounting.stand_in import LinkedFirm
from tests.portal.payments.test_recording import record

Found = TypeVar("Found", Invoice, CreditNote)


@dataclass
class Actor:
    """The people of one firm. acknowledged: (module, our id) of all that was made and answered with success."""

    firm: LinkedFirm
    random: Random
    bookkeeper: Bookkeeper
    acknowledged: set[tuple[str, int]] = field(default_factory=set)
    deeds: int = 0

    def act(self) -> str:
        """One deed, its name for the log. What a rule of ours refuses is no deed."""
        deed: Callable[[], None] = self.random.choices(
            (self._invoice, self._pay, self._pay_part, self._cash, self._void, self._rename, self._reprice,
             self._reverse, self._refund, self._customer, self._write_off, self._take_back, self._credit,
             self._put_credit, self._use_credit, self._tax, self._void_credit),
            weights=(10, 5, 3, 3, 2, 3, 2, 2, 2, 1, 2, 1, 2, 1, 1, 1, 1),
        )[0]  # fmt: skip
        self.deeds += 1
        try:
            deed()
        except RuleBroken as problem:
            return f"{deed.__name__}: {problem.sentence}"
        return deed.__name__

    def _invoice(self) -> None:
        self.acknowledged.add(("invoice", sent_invoice(self.firm).id))

    def _customer(self) -> None:
        with job_session(self.firm.organisation_id) as session:
            name = f"Customer {self.deeds} of {self.firm.organisation_id}"
            made = make_customer(session, self.firm.organisation_id, name).id
        self.acknowledged.add(("customer", made))

    def _pay(self) -> None:
        invoice = self._open_invoice()
        if invoice is not None:
            self.acknowledged.add(("payment", pay(self.firm, invoice[0], invoice[1])))

    def _pay_part(self) -> None:
        invoice = self._open_invoice()
        if invoice is not None and invoice[1] > 1:
            self.acknowledged.add(("payment", pay(self.firm, invoice[0], self.random.randint(1, invoice[1] - 1))))

    def _cash(self) -> None:
        """Sometimes more than is to pay: the rest is the customer's credit."""
        invoice = self._open_invoice()
        if invoice is not None:
            amount = self.random.choice((invoice[1], invoice[1] + 500, max(1, invoice[1] // 2)))
            made = record(self.firm.firm, [invoice[0].id], amount)
            self.acknowledged.add(("payment", made.payment_id))

    def _void(self) -> None:
        invoice = self._open_invoice()
        if invoice is not None:
            void_invoice(self.firm.organisation_id, invoice[0].id, "Raised twice")

    def _write_off(self) -> None:
        invoice = self._open_invoice()
        if invoice is not None:
            write_off_invoice(self.firm.organisation_id, invoice[0].id, "Nobody answers")

    def _take_back(self) -> None:
        invoice = self._one(Invoice, Invoice.written_off_minor > 0, self._is_ours)
        if invoice is not None:
            take_write_off_back(self.firm, invoice.id)

    def _credit(self) -> None:
        """A part of an invoice or all of it, taken off it or kept for another."""
        invoice = self._one(Invoice, Invoice.status == SENT, self._is_ours)
        if invoice is not None:
            share, keep = self.random.choice(("0.1", "0.3333", "1")), self.random.random() < 0.4
            self.acknowledged.add(("credit_note", credit(self.firm, invoice, share=share, keep=keep).id))

    def _put_credit(self) -> None:
        note, invoice = self._one(CreditNote), self._open_invoice()
        if note is not None and invoice is not None:
            put_credit_note(self.firm.organisation_id, note.id, invoice[0].id)

    def _void_credit(self) -> None:
        """What it was put to is to pay again."""
        note = self._one(CreditNote, CreditNote.invoice_id.not_in(self.bookkeeper.own))
        if note is not None:
            manager = self.firm.firm.people["manager"]
            void_credit_note(self.firm.organisation_id, note.id, "Made by mistake", manager)

    def _use_credit(self) -> None:
        """What was overpaid goes to another invoice."""
        invoice = self._open_invoice()
        if invoice is not None:
            apply_credit(self.firm.organisation_id, invoice[0].id)

    def _rename(self) -> None:
        with job_session(self.firm.organisation_id) as session:
            customer = get_customer(session, self.firm.firm.customer_id)
            edit_customer(session, customer, CustomerFacts("business", f"Maple {self.deeds}", "rita@maple.example"))

    def _reprice(self) -> None:
        with job_session(self.firm.organisation_id) as session:
            item = session.get_one(Item, self.random.choice(self.firm.firm.item_ids))
            price = Decimal(self.random.randint(1, 50_000)) / 100
            edit_item(session, item, ItemFacts(item.code, item.kind, item.name, price, item.unit, tax_id=item.tax_id))

    def _tax(self) -> None:
        """Once a day at most: what was sent before keeps the old rate, and may be on its way yet."""
        with job_session(self.firm.organisation_id) as session:
            item = session.get_one(Item, self.random.choice(self.firm.firm.item_ids))
            tax = session.get_one(Tax, item.tax_id)
            change_rate(session, tax, Decimal(self.random.randint(6, 19)), clock.today("Europe/London"))

    def _reverse(self) -> None:
        payment = self._payment("offline")
        if payment is not None:
            with job_session(self.firm.organisation_id) as session:
                reverse_payment(session, payment.id, "It bounced", by=self.firm.firm.people["manager"])

    def _refund(self) -> None:
        payment = self._payment("offline")
        if payment is not None:
            amount = Money(self.random.randint(1, payment.amount_minor), payment.currency)
            with job_session(self.firm.organisation_id) as session:
                plan_refund(session, payment.id, amount, way="cash", reason="Too much", by=None, form_id=None)

    @property
    def _is_ours(self) -> ColumnElement[bool]:
        """None of those that the bookkeeper works on."""
        return Invoice.id.not_in(self.bookkeeper.own)

    def _open_invoice(self) -> tuple[Invoice, int] | None:
        """One with something to pay, and how much."""
        with job_session(self.firm.organisation_id) as session:
            found = session.execute(
                select(Invoice, InvoiceBalance.balance_minor)
                .join(InvoiceBalance, InvoiceBalance.invoice_id == Invoice.id)
                .where(Invoice.status == "sent", InvoiceBalance.balance_minor > 0, self._is_ours)
                .order_by(Invoice.id)
            ).all()
        return tuple(self.random.choice(found)) if found else None  # type: ignore[return-value]

    def _one(self, model: type[Found], *conditions: ColumnElement[bool]) -> Found | None:
        with job_session(self.firm.organisation_id) as session:
            found = session.scalars(select(model).where(*conditions).order_by(model.id)).all()
        return self.random.choice(found) if found else None

    def _payment(self, provider: str) -> Payment | None:
        with job_session(self.firm.organisation_id) as session:
            whole = func.coalesce(PaymentUse.reversed_minor + PaymentUse.refunded_minor, 0) == 0
            found = session.scalars(
                select(Payment)
                .join(PaymentUse, PaymentUse.payment_id == Payment.id)
                .where(Payment.provider == provider, whole)
                .where(Payment.provider_payment_id.not_in(self.bookkeeper.ever_paid))
                .order_by(Payment.id)
            ).all()
        return self.random.choice(found) if found else None
