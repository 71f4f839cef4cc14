"""What a draft says of tax is not what is so on its day: the firm's registration has begun or ended since it was made,
or the customer's certificate has run out."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices import billing
from portal.invoices.models import DRAFT, Invoice
from portal.invoices.tax_case import lapsed_on, reason_of
from portal.organisations.models import Organisation
from portal.taxes.determination import NOT_REGISTERED
from portal.taxes.standing.models import Exemption


class Outdated(NamedTuple):
    title: str
    sentence: str


_REGISTRATION = "Your registration for tax has changed"
_CHARGES = Outdated(_REGISTRATION, (
    "Your firm is not registered for tax on the day of this invoice, and the draft charges tax: it was made while you"
    " were. Reckon it anew, then send it."
))  # fmt: skip
_CHARGES_NONE = Outdated(_REGISTRATION, (
    "Your firm is registered for tax on the day of this invoice, and the draft charges none: it was made while you were"
    " not. Reckon it anew, then send it."
))  # fmt: skip


def problem_of(session: Session, organisation: Organisation, invoice: Invoice) -> Outdated | None:
    """Of an invoice read with its lines; None where all is well, and for what is sent.

    A tax that a person chose counts too: who is not registered may charge none.
    """
    if invoice.status != DRAFT:
        return None
    day = billing.tax_point_of(organisation, invoice.supplied_on)
    if not organisation.is_registered_on(day):
        return _CHARGES if invoice.tax_minor else None
    reasons = set(filter(None, _reasons(invoice)))
    if NOT_REGISTERED in reasons:
        return _CHARGES_NONE
    customer = session.get(Customer, invoice.customer_id) if reasons else None
    until = lapsed_on(customer, day) if customer else None
    exemption = session.get(Exemption, customer.exemption_id) if customer and until else None
    if customer and exemption and reason_of(exemption.name, customer.certificate) in reasons:
        return Outdated("The customer's exemption has expired", (
            f"Their certificate counted until {until}, and the draft charges no tax because of it. Enter the new one on"
            " the customer's page, or reckon the draft anew, then send it."
        ))  # fmt: skip
    return None


def _reasons(invoice: Invoice) -> Iterator[str]:
    yield invoice.shipping_tax_reason
    yield from (line.tax_reason for line in invoice.lines)
