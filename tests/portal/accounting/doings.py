"""What happens at a linked firm: invoices, payments, edits. Through the product's own actions where it has them."""

import itertools
import uuid
from datetime import date

from portal.accounting.actions import try_all_again
from portal.accounting.mirror.drain import drain
from portal.catalogue.models import Item
from portal.customers.models import Customer
from portal.invoices import write_offs
from portal.invoices.actions import void_invoice
from portal.invoices.credit_notes.actions import apply_credit
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.credit_notes.queries import get_credit_note
from portal.invoices.models import Invoice
from portal.invoices.queries import get_invoice
from portal.organisations.numbering import next_number
from portal.payments.actions.credit_refunds import refund_credit_note
from portal.payments.actions.refunds import end_refund, plan_refund
from portal.payments.actions.reversal import reverse_payment
from portal.payments.models import Allocation, Payment
from portal.payments.refunds.models import Refund
from portal.shared import clock, outbox
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.builders import make_credit_note, make_invoice
from tests.portal.accounting.stand_in import LinkedFirm

_count = itertools.count(1)


def sent_invoice(linked: LinkedFirm) -> Invoice:
    with job_session(linked.organisation_id) as session:
        return make_invoice(session, linked.firm)


def pay(
    linked: LinkedFirm, invoice: Invoice, minor: int = 0, *, method: str = "card", reference: str = "",
    applied: int | None = None, on: date | None = None, taken_by: int | None = None,
) -> int:  # fmt: skip
    """A payment of the whole invoice, or of so many minor units, as a settlement leaves it.

    applied  how many of them pay the invoice; the rest stays the customer's credit
    """
    with job_session(linked.organisation_id) as session:
        amount = minor or invoice.total_minor
        payment = Payment(
            organisation_id=linked.organisation_id, customer_id=invoice.customer_id, method=method, currency="GBP",
            number=next_number(session, linked.organisation_id, "payment"), amount_minor=amount,
            provider="stripe" if method == "card" else "offline", received_on=on or clock.today("Europe/London"),
            provider_payment_id=reference or f"pi_{next(_count)}", taken_by=taken_by,
        )  # fmt: skip
        session.add(payment)
        session.flush()
        part = amount if applied is None else applied
        if part:
            session.add(
                Allocation(
                    organisation_id=linked.organisation_id, payment_id=payment.id, invoice_id=invoice.id,
                    amount_minor=part, currency="GBP",
                )
            )  # fmt: skip
        outbox.record(session, linked.organisation_id, "payment", payment.id)
        outbox.record(session, linked.organisation_id, "invoice", invoice.id)
        return payment.id


def give_back(linked: LinkedFirm, payment_id: int, minor: int, *, way: str = "stripe", tip: Money | None = None) -> int:
    """A refund of so many minor units, as a person books it."""
    by = linked.firm.people["administrator"]
    with job_session(linked.organisation_id) as session:
        amount = Money(minor, "GBP")
        return plan_refund(
            session, payment_id, amount, way=way, reason="Part was faulty", by=by, form_id=None, tip=tip
        ).id


def fail_refund(linked: LinkedFirm, refund_id: int) -> None:
    """The bank sends it back."""
    with job_session(linked.organisation_id) as session:
        end_refund(session, session.get_one(Refund, refund_id), "failed", "The card is closed")


def reverse(linked: LinkedFirm, payment_id: int) -> None:
    with job_session(linked.organisation_id) as session:
        reverse_payment(session, payment_id, "Counted twice", by=linked.firm.people["administrator"])


def credit(linked: LinkedFirm, invoice: Invoice, *, share: str = "1", keep: bool = False) -> CreditNote:
    with job_session(linked.organisation_id) as session:
        return make_credit_note(session, linked.firm, invoice, share=share, keep=keep)


def put_credit(linked: LinkedFirm, note: CreditNote, invoice: Invoice) -> None:
    """What is kept of the note goes to another invoice."""
    with job_session(linked.organisation_id) as session:
        get_invoice(session, note.invoice_id, lock=True)
        other = get_invoice(session, invoice.id, lock=True)
        apply_credit(session, get_credit_note(session, note.id), other)


def refund_note(linked: LinkedFirm, note_id: int, minor: int, *, way: str = "cash") -> None:
    """So much of what is kept of it, as a person gives it back."""
    with job_session(linked.organisation_id) as session:
        refund_credit_note(
            session, note_id, Money(minor, "GBP"), way=way, reason="Wants no credit",
            by=linked.firm.people["administrator"], form_id=uuid.uuid4().hex,
        )  # fmt: skip


def rename(linked: LinkedFirm, name: str) -> None:
    with job_session(linked.organisation_id) as session:
        session.get_one(Customer, linked.firm.customer_id).name = name
        outbox.record(session, linked.organisation_id, "customer", linked.firm.customer_id)


def void(linked: LinkedFirm, invoice_id: int) -> None:
    with job_session(linked.organisation_id) as session:
        invoice = get_invoice(session, invoice_id)
        void_invoice(session, invoice, "Raised twice", paid=Money.zero("GBP"))


def write_off(linked: LinkedFirm, invoice_id: int) -> None:
    with job_session(linked.organisation_id) as session:
        write_offs.write_off(session, get_invoice(session, invoice_id, lock=True), "Bankrupt")


def take_write_off_back(linked: LinkedFirm, invoice_id: int) -> None:
    with job_session(linked.organisation_id) as session:
        write_offs.take_back(session, get_invoice(session, invoice_id, lock=True))


def retry_all(linked: LinkedFirm) -> None:
    with job_session(linked.organisation_id) as session:
        assert try_all_again(session) > 0
    drain(linked.organisation_id)


def offer(linked: LinkedFirm, *, is_active: bool) -> None:
    """The firm's first item and its customer are used, or no longer used."""
    with job_session(linked.organisation_id) as session:
        session.get_one(Item, linked.firm.item_ids[0]).is_active = is_active
        session.get_one(Customer, linked.firm.customer_id).is_active = is_active
        outbox.record_all(
            session, linked.organisation_id, ("item", linked.firm.item_ids[0]), ("customer", linked.firm.customer_id)
        )  # fmt: skip
