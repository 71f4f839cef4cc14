"""What happens at a linked firm: invoices, payments, edits. Through the product's own actions where it has them."""

import itertools

from portal.accounting.actions import try_all_again
from portal.accounting.mirror.drain import drain
from portal.customers.models import Customer
from portal.invoices.actions import void_invoice
from portal.invoices.models import Invoice
from portal.invoices.queries import get_invoice
from portal.organisations.numbering import next_number
from portal.payments.models import Allocation, Payment
from portal.shared import clock, outbox
from portal.shared.money import Money
from portal.shared.running import job_session
from tests.builders import make_invoice
from tests.portal.accounting.stand_in import LinkedFirm

_count = itertools.count(1)


def sent_invoice(linked: LinkedFirm) -> Invoice:
    with job_session(linked.organisation_id) as session:
        return make_invoice(session, linked.firm)


def pay(linked: LinkedFirm, invoice: Invoice, minor: int = 0, *, method: str = "card") -> int:
    """A payment of the whole invoice, or of so many minor units, as a settlement leaves it."""
    with job_session(linked.organisation_id) as session:
        amount = minor or invoice.total_minor
        payment = Payment(
            organisation_id=linked.organisation_id, customer_id=invoice.customer_id, method=method, currency="GBP",
            number=next_number(session, linked.organisation_id, "payment"), amount_minor=amount, provider="stripe",
            received_on=clock.today("Europe/London"), provider_payment_id=f"pi_{next(_count)}",
        )  # fmt: skip
        session.add(payment)
        session.flush()
        session.add(
            Allocation(
                organisation_id=linked.organisation_id, payment_id=payment.id, invoice_id=invoice.id,
                amount_minor=amount, currency="GBP",
            )
        )  # fmt: skip
        outbox.record(session, linked.organisation_id, "payment", payment.id)
        outbox.record(session, linked.organisation_id, "invoice", invoice.id)
        return payment.id


def rename(linked: LinkedFirm, name: str) -> None:
    with job_session(linked.organisation_id) as session:
        session.get_one(Customer, linked.firm.customer_id).name = name
        outbox.record(session, linked.organisation_id, "customer", linked.firm.customer_id)


def void(linked: LinkedFirm, invoice_id: int) -> None:
    with job_session(linked.organisation_id) as session:
        invoice = get_invoice(session, invoice_id)
        void_invoice(session, invoice, "Raised twice", paid=Money.zero("GBP"))


def retry_all(linked: LinkedFirm) -> None:
    with job_session(linked.organisation_id) as session:
        assert try_all_again(session) > 0
    drain(linked.organisation_id)
