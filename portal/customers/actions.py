"""Taking on customers and keeping their facts right."""

from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy.orm import Session

from portal.customers.models import Address, Contact, Customer
from portal.organisations import audit
from portal.organisations.numbering import next_number
from portal.shared import outbox


@dataclass(frozen=True)
class CustomerFacts:
    """What the form asks for. country ISO 3166 alpha-2; first and last name are the person to ask for."""

    kind: str
    name: str
    email: str = ""
    phone: str = ""
    first_name: str = ""
    last_name: str = ""
    tax_number: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    payment_terms_days: int | None = None
    notes: str = ""
    language: str = ""


@dataclass(frozen=True)
class TaxStanding:
    """How a customer stands for tax; see the model. Apart from the facts, as who brings facts from elsewhere need not
    know it."""

    treatment: str = ""
    place_of_supply: str = ""
    accounts_for_tax: bool = False
    tax_id: int | None = None
    exemption_id: int | None = None
    certificate: str = ""
    certificate_until: date | None = None


def add_customer(session: Session, organisation_id: int, facts: CustomerFacts, *, form_id: str | None) -> Customer:
    """A customer with one contact, a billing and a service address. Does not commit."""
    customer = Customer(
        organisation_id=organisation_id, number=next_number(session, organisation_id, "customer"), kind=facts.kind,
        name=facts.name, form_id=form_id,
    )  # fmt: skip
    customer.contacts = [Contact(organisation_id=organisation_id, is_primary=True)]
    customer.addresses = [Address(organisation_id=organisation_id, use=use) for use in ("billing", "service")]
    session.add(customer)
    _apply(customer, facts, uses=("billing", "service"))
    session.flush()
    outbox.record(session, organisation_id, "customer", customer.id)
    audit.note(session, organisation_id, "customer added", "customer", customer.id, words=f"{facts.name} added")
    return customer


def edit_customer(session: Session, customer: Customer, facts: CustomerFacts) -> None:
    """`customer` with its contacts and addresses loaded. Invoices sent before keep what they say. Does not commit."""
    before = {"name": customer.name, "email": customer.email, "phone": customer.phone}
    _apply(customer, facts, uses=("billing",))
    outbox.record(session, customer.organisation_id, "customer", customer.id)
    audit.note(
        session, customer.organisation_id, "customer edited", "customer", customer.id, words="Details changed",
        before=before, after={"name": facts.name, "email": facts.email, "phone": facts.phone},
    )  # fmt: skip


def set_standing(session: Session, customer: Customer, standing: TaxStanding) -> None:
    """Counts for lines that are drafted from now on; drafts and sent invoices keep what they say. Does not commit."""
    names = {field: "tax_treatment" if field == "treatment" else field for field in asdict(standing)}
    before = {field: getattr(customer, name) for field, name in names.items()}
    wanted = asdict(standing)
    changed = [field for field in wanted if wanted[field] != before[field]]
    if not changed:
        return
    for field in changed:
        setattr(customer, names[field], wanted[field])
    audit.note(
        session, customer.organisation_id, "tax standing changed", "customer", customer.id,
        words="Tax standing changed", before={field: str(before[field]) for field in changed},
        after={field: str(wanted[field]) for field in changed},
    )  # fmt: skip


def retire_customer(session: Session, customer: Customer) -> None:
    """Marked as over; all that was done and billed stays. Safe to repeat. Does not commit."""
    customer.is_active = False
    outbox.record(session, customer.organisation_id, "customer", customer.id)
    audit.note(session, customer.organisation_id, "customer retired", "customer", customer.id, words="Retired")


def bring_back_customer(session: Session, customer: Customer) -> None:
    """Work can be done for it again. Safe to repeat. Does not commit."""
    customer.is_active = True
    outbox.record(session, customer.organisation_id, "customer", customer.id)
    audit.note(
        session, customer.organisation_id, "customer brought back", "customer", customer.id, words="Brought back"
    )


def _apply(customer: Customer, facts: CustomerFacts, *, uses: tuple[str, ...]) -> None:
    for field in ("kind", "name", "email", "phone", "tax_number", "payment_terms_days", "notes", "language"):
        setattr(customer, field, getattr(facts, field))
    primary = next((contact for contact in customer.contacts if contact.is_primary), None)
    if primary is not None:
        primary.first_name, primary.last_name = facts.first_name, facts.last_name
        primary.email, primary.phone = facts.email, facts.phone
    for address in customer.addresses:
        if address.use in uses:
            for field in ("street", "city", "state", "postal_code", "country"):
                setattr(address, field, getattr(facts, field))
