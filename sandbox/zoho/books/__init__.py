"""The calls of the API, one file per kind of record; importing this package announces them all."""

from . import (
    attachments,
    contacts,
    credit_notes,
    currencies,
    invoice_actions,
    invoices,
    items,
    organizations,
    payments,
    persons,
    refunds,
    tax_standing,
    taxes,
)

MODULES = (
    attachments,
    contacts,
    credit_notes,
    currencies,
    invoice_actions,
    invoices,
    items,
    organizations,
    payments,
    persons,
    refunds,
    tax_standing,
    taxes,
)
