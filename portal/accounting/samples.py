"""What stands in a field of ours, in the words of a page: the sample beside each row of the mapping."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlalchemy import String, cast, select
from sqlalchemy.orm import Session, selectinload

from portal.accounting import mapped_records
from portal.customers.models import Address, Customer
from portal.invoices.credit_notes.models import CreditApplication, CreditNote
from portal.invoices.models import Invoice
from portal.payments.models import Allocation, Payment
from portal.taxes.authorities.queries import get_authority
from portal.taxes.models import Tax, TaxRate

_LINES = 3


def samples_of(session: Session, link_id: int, module: str) -> dict[str, str]:
    """our field → its value in a real record: the one changed last that Zoho has, else the newest of ours."""
    record = mapped_records.real_record(session, link_id, module)
    if record is None:
        return {}
    columns = record.__table__.columns
    told = {field: getattr(record, field) for field in mapped_records.keys_of(module) if field in columns}
    told |= _MORE[module](session, record)
    said = {key: _said(value) for key, value in told.items()}
    return said | {key: _of_another(session, module, key) for key in said if not said[key] and key in columns}


def _of_another(session: Session, module: str, key: str) -> str:
    """Of the newest record that has something in this field."""
    model = mapped_records.MODELS[module]
    column = getattr(model, key)
    filled = select(column).where(column.is_not(None), cast(column, String) != "").order_by(model.id.desc())
    return _said(session.scalars(filled.limit(1)).first())


def _said(value: Any) -> str:
    if value is None:
        return ""
    return str(value).replace("_", " ") if not isinstance(value, bool) else "yes" if value else "no"


def _customer(session: Session, record: Customer) -> dict[str, Any]:
    both = [selectinload(Customer.contacts), selectinload(Customer.addresses)]
    customer = session.get_one(Customer, record.id, options=both, populate_existing=True)
    people = [", ".join(filter(None, [each.name, each.email, each.phone])) for each in customer.contacts]
    own = ", ".join(filter(None, [customer.email, customer.phone]))
    return {
        "kind": "company" if customer.kind == "business" else "private",
        "email": "; ".join(filter(None, people)) or own,
        "billing": _place(session, customer.addresses, "billing"),
        "site": _place(session, customer.addresses, "service"),
    }  # fmt: skip


def _place(session: Session, addresses: list[Address], use: str) -> str:
    """This one's, else the newest that anybody has."""
    own = next((each for each in addresses if each.use == use), None)
    newest = select(Address).where(Address.use == use).order_by(Address.id.desc()).limit(1)
    found = own or session.scalars(newest).first()
    return found.one_line if found else ""


def _item(session: Session, item: Any) -> dict[str, Any]:
    tax = session.get(Tax, item.tax_id) if item.tax_id else None
    return {"tax": tax.name if tax else "", "unit_price": f"{item.unit_price.normalize():f}"}


def _invoice(session: Session, record: Invoice) -> dict[str, Any]:
    invoice = session.get_one(Invoice, record.id, options=[selectinload(Invoice.lines)], populate_existing=True)
    frozen = invoice.breakdown or {}
    beside = {"discount": frozen.get("discount", "0"), "shipping": invoice.shipping_minor,
              "adjustment": invoice.adjustment_minor}  # fmt: skip
    return {
        "customer": (invoice.bill_to or {}).get("name", ""), "paper": f"{invoice.number or 'draft'}.pdf",
        "lines": ", ".join(line.name for line in invoice.lines[:_LINES]),
        "beside": ", ".join(name for name, amount in beside.items() if Decimal(str(amount))) or "none of them",
    }  # fmt: skip


def _payment(session: Session, payment: Payment) -> dict[str, Any]:
    to = select(Invoice.number).join(Allocation, Allocation.invoice_id == Invoice.id)
    numbers = session.scalars(to.where(Allocation.payment_id == payment.id).distinct().limit(_LINES))
    return {
        "customer": session.get_one(Customer, payment.customer_id).name, "amount": payment.amount,
        "applied": ", ".join(filter(None, numbers)), "words": mapped_records.values_of(payment, "payment")["words"],
        "account": "Undeposited Funds",
    }  # fmt: skip


def _credit_note(session: Session, record: CreditNote) -> dict[str, Any]:
    note = session.get_one(CreditNote, record.id, options=[selectinload(CreditNote.lines)], populate_existing=True)
    to = select(Invoice.number).join(CreditApplication, CreditApplication.invoice_id == Invoice.id)
    numbers = session.scalars(to.where(CreditApplication.credit_note_id == note.id).distinct().limit(_LINES))
    return {
        "invoice": session.get_one(Invoice, note.invoice_id).number, "applied": ", ".join(filter(None, numbers)),
        "customer": session.get_one(Customer, note.customer_id).name,
        "lines": ", ".join(line.name for line in note.lines[:_LINES]),
    }  # fmt: skip


def _tax(session: Session, tax: Tax) -> dict[str, Any]:
    """A group has no rate of its own: then that of the newest tax that has one."""
    of_another = select(TaxRate.rate).join(Tax, Tax.id == TaxRate.tax_id).where(Tax.kind == "percent")
    newest = tax.rates[-1].rate if tax.rates else session.scalars(of_another.order_by(TaxRate.id.desc())).first()
    return {
        "rate": f"{newest.normalize():f} %" if newest is not None else "", "members":
        ", ".join(member.tax.name for member in tax.members),
        "authority": get_authority(session, tax.authority_id).name if tax.authority_id else "",
    }  # fmt: skip


_MORE: dict[str, Callable[[Session, Any], dict[str, Any]]] = {
    "customer": _customer, "item": _item, "invoice": _invoice, "payment": _payment, "credit_note": _credit_note,
    "tax": _tax,
}  # fmt: skip
