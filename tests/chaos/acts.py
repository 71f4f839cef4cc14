"""What people do while everything breaks. Whatever was answered with success is written down: it must not be lost."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from sqlalchemy import func, select

from portal.catalogue.actions import ItemFacts, edit_item
from portal.catalogue.models import Item
from portal.customers.actions import CustomerFacts, edit_customer
from portal.customers.queries import get_customer
from portal.invoices.models import Invoice, InvoiceBalance
from portal.payments.actions import plan_refund, reverse_payment, void_invoice
from portal.payments.models import Payment, PaymentUse
from portal.shared.errors import RuleBroken
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.builders import make_customer
from tests.portal.accounting.doings import pay, sent_invoice
from tests.portal.accounting.stand_in import LinkedFirm
from tests.portal.payments.test_recording import record


@dataclass
class Actor:
    """The people of one firm. acknowledged: (module, our id) of all that was made and answered with success."""

    firm: LinkedFirm
    random: Random
    acknowledged: set[tuple[str, int]] = field(default_factory=set)
    deeds: int = 0

    def act(self) -> str:
        """One deed, its name for the log. What a rule of ours refuses is no deed."""
        deed: Callable[[], None] = self.random.choices(
            (self._invoice, self._pay, self._pay_part, self._cash, self._void, self._rename, self._reprice,
             self._reverse, self._refund, self._customer),
            weights=(8, 6, 3, 3, 2, 3, 2, 1, 1, 1),
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

    def _rename(self) -> None:
        with job_session(self.firm.organisation_id) as session:
            customer = get_customer(session, self.firm.firm.customer_id)
            edit_customer(session, customer, CustomerFacts("business", f"Maple {self.deeds}", "rita@maple.example"))

    def _reprice(self) -> None:
        with job_session(self.firm.organisation_id) as session:
            item = session.get_one(Item, self.random.choice(self.firm.firm.item_ids))
            price = Decimal(self.random.randint(1, 50_000)) / 100
            edit_item(session, item, ItemFacts(item.code, item.kind, item.name, price, item.unit, tax_id=item.tax_id))

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

    def _open_invoice(self) -> tuple[Invoice, int] | None:
        """One with something to pay, and how much."""
        with job_session(self.firm.organisation_id) as session:
            found = session.execute(
                select(Invoice, InvoiceBalance.balance_minor)
                .join(InvoiceBalance, InvoiceBalance.invoice_id == Invoice.id)
                .where(Invoice.status == "sent", InvoiceBalance.balance_minor > 0)
                .order_by(Invoice.id)
            ).all()
        return tuple(self.random.choice(found)) if found else None  # type: ignore[return-value]

    def _payment(self, provider: str) -> Payment | None:
        with job_session(self.firm.organisation_id) as session:
            whole = func.coalesce(PaymentUse.reversed_minor + PaymentUse.refunded_minor, 0) == 0
            found = session.scalars(
                select(Payment)
                .join(PaymentUse, PaymentUse.payment_id == Payment.id)
                .where(Payment.provider == provider, whole)
                .order_by(Payment.id)
            ).all()
        return self.random.choice(found) if found else None
