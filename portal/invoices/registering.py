"""A firm's registration has begun or ended since a draft was made: what the draft says of tax is not what it is now."""

from collections.abc import Iterator

from portal.invoices import billing
from portal.invoices.models import DRAFT, Invoice
from portal.organisations.models import Organisation
from portal.taxes.determination import NOT_REGISTERED

_CHARGES = (
    "Your firm is not registered for tax on the day of this invoice, and the draft charges tax: it was made while you"
    " were. Reckon it anew, then send it."
)
_CHARGES_NONE = (
    "Your firm is registered for tax on the day of this invoice, and the draft charges none: it was made while you were"
    " not. Reckon it anew, then send it."
)


def problem_of(organisation: Organisation, invoice: Invoice) -> str:
    """Of an invoice read with its lines; "" where there is none, and for what is sent.

    A tax that a person chose counts too: who is not registered may charge none.
    """
    if invoice.status != DRAFT:
        return ""
    if not organisation.is_registered_on(billing.tax_point_of(organisation, invoice.supplied_on)):
        return _CHARGES if invoice.tax_minor else ""
    if NOT_REGISTERED in _reasons(invoice):
        return _CHARGES_NONE
    return ""


def _reasons(invoice: Invoice) -> Iterator[str]:
    yield invoice.shipping_tax_reason
    yield from (line.tax_reason for line in invoice.lines)
