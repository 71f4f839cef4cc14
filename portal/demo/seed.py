"""Loads the demo's firms through the product's own actions, and tells where to sign in. Safe to repeat."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from portal.accounting.models import Link
from portal.catalogue.actions import ItemFacts, add_item
from portal.catalogue.models import Item
from portal.config import Settings
from portal.customers.actions import CustomerFacts, add_customer
from portal.customers.models import Customer
from portal.customers.queries import get_customer
from portal.demo import stand_ins
from portal.demo.firms import FIRMS, OWN_STRIPE_KEY, OWN_ZOHO_USER, PASSWORD, DemoFirm, DemoJob
from portal.invoices import actions as invoicing
from portal.invoices import sending
from portal.invoices.models import Invoice, InvoiceBalance
from portal.invoices.queries import get_invoice
from portal.organisations.actions import NewOrganisation
from portal.organisations.logos import keep_logo
from portal.organisations.models import Organisation
from portal.people.actions import add_person, sign_up
from portal.people.models import Person
from portal.people.roles import NAMES
from portal.people.sign_in import find_viewer, open_sign_in
from portal.shared import clock, running
from portal.shared.running import job_session
from portal.taxes.actions import add_tax
from portal.taxes.queries import list_taxes
from portal.taxes.regions import tax_number_label
from portal.taxes.regions.starting import start_taxes
from portal.work_orders.actions import NewWorkOrder, Visit, create_work_order, take_step
from portal.work_orders.models import Appointment, WorkOrder
from portal.work_orders.queries import get_work_order


def load(settings: Settings, addresses: dict[str, str]) -> dict[str, Any]:
    """Facts for whoever looks at the demo: sign-ins by role, an open pay link, the stand-ins' credentials.

    addresses  of the stand-ins: zoho, stripe, mailbox, twilio
    """
    running.start(settings, pool_size=1)
    stand_ins.register_client(addresses["zoho"], settings)
    stand_ins.open_own_accounts(addresses)
    facts: dict[str, Any] = {"sign_ins": {}, "stripe_keys": {}, "zoho": {}}
    for firm in FIRMS:
        organisation_id = _find(firm) or _found(firm)
        _keep_today_busy(firm, organisation_id)
        stand_ins.connect_stripe(organisation_id, firm)
        stand_ins.connect_texts(organisation_id, firm, addresses["twilio"])
        if _link(organisation_id) is None:
            stand_ins.link_books(organisation_id, firm, addresses["zoho"])
            _bill_the_past(firm, organisation_id, addresses["stripe"])
        facts["sign_ins"][firm.name] = {
            NAMES[person.role]: {"email": person.email, "password": PASSWORD} for person in firm.people
        }
        facts["stripe_keys"][firm.name] = firm.stripe_key
        facts["zoho"][firm.name] = {"user": firm.zoho_user, "books": stand_ins.books_page(organisation_id)}
    facts["zoho"] |= {"client_id": settings.zoho_client_id, "client_secret": settings.zoho_client_secret}
    facts["own_firm"] = {"zoho_user": OWN_ZOHO_USER, "stripe_key": OWN_STRIPE_KEY}
    facts["pay_link"] = _open_pay_link()
    return facts


def _find(firm: DemoFirm) -> int | None:
    with job_session(None) as session:
        found = session.execute(
            text("SELECT organisation_id FROM gate.sign_in_candidate(:email)"), {"email": firm.people[0].email}
        ).one_or_none()
    return found.organisation_id if found else None


def _found(firm: DemoFirm) -> int:
    """Sign the firm up, and give it staff, taxes, customers and a catalogue."""
    admin, *others = firm.people
    with job_session(None) as session:
        new = NewOrganisation(firm.name, admin.email, firm.country, firm.currency, firm.time_zone, firm.locale)
        organisation_id, _person = sign_up(session, new, name=admin.name, password=PASSWORD)
        for person in others:
            add_person(
                session, organisation_id, name=person.name, email=person.email, role=person.role, password=PASSWORD
            )
        organisation = session.get_one(Organisation, organisation_id)
        organisation.email, organisation.phone, organisation.address = firm.email, firm.phone, firm.address
        organisation.tax_number, organisation.tax_number_label = firm.tax_number, tax_number_label(firm.country)
        if firm.logo:
            keep_logo(session, organisation, Path(__file__).with_name(firm.logo).read_bytes())
        start_taxes(session, organisation_id, firm.country)
        if firm.extra_tax:
            add_tax(session, organisation_id, firm.extra_tax[0], firm.extra_tax[1], why="service address in the county")
        _fill(session, firm, organisation_id)
    return organisation_id


def _fill(session: Session, firm: DemoFirm, organisation_id: int) -> None:
    wanted = firm.extra_tax[0] if firm.extra_tax else None
    taxes = list_taxes(session)
    tax = next((tax for tax in taxes if tax.name == wanted), taxes[0])
    for item in firm.items:
        facts = ItemFacts(item.code, item.kind, item.name, Decimal(item.price), item.unit, tax_id=tax.id)
        add_item(session, organisation_id, facts)
    for customer in firm.customers:
        first, _, last = customer.contact.rpartition(" ")
        add_customer(
            session, organisation_id,
            CustomerFacts(
                kind=customer.kind, name=customer.name, email=customer.email, phone=customer.phone, first_name=first,
                last_name=last, street=customer.street, city=customer.city, postal_code=customer.postal_code,
                country=firm.country,
            ),
            form_id=None,
        )  # fmt: skip


def _keep_today_busy(firm: DemoFirm, organisation_id: int) -> None:
    """Whenever the demo is started, the technician has jobs today."""
    with job_session(organisation_id) as session:
        today = clock.today(firm.time_zone)
        begins = datetime.combine(today, time.min, ZoneInfo(firm.time_zone)).astimezone(UTC)
        planned = session.scalars(select(Appointment.id).where(Appointment.starts_at >= begins).limit(1)).first()
        if planned is None:
            for job in firm.today:
                _plan(session, firm, job, days_ago=0)


def _plan(session: Session, firm: DemoFirm, job: DemoJob, *, days_ago: int) -> WorkOrder:
    day = clock.today(firm.time_zone) - timedelta(days=days_ago)
    starts_at = datetime.combine(day, time(job.hour), ZoneInfo(firm.time_zone)).astimezone(UTC)
    technician = session.scalars(select(Person).where(Person.role == job.role)).first()
    customer_id = session.scalars(select(Customer.id).where(Customer.name == firm.customers[job.customer].name)).one()
    items = {item.code: item for item in session.scalars(select(Item))}
    new = NewWorkOrder(
        job.title, job.notes,
        Visit(technician.id, starts_at, starts_at + timedelta(hours=1)) if technician else None,
        [(items[code], Decimal(quantity)) for code, quantity in job.items],
    )  # fmt: skip
    return create_work_order(session, get_customer(session, customer_id), new)


def _bill_the_past(firm: DemoFirm, organisation_id: int, stripe: str) -> None:
    """Work of the last weeks: unbilled, sent, paid. Each was done and billed on its own day."""
    for days_ago, job, outcome in sorted(firm.done, key=lambda entry: -entry[0]):
        with clock.at(clock.now() - timedelta(days=days_ago)), job_session(organisation_id) as session:
            work_order = _plan(session, firm, job, days_ago=0)
            take_step(session, work_order, "complete")
            invoice_id = None if outcome == "unbilled" else _bill(session, organisation_id, work_order.id)
        if invoice_id is not None and outcome == "paid":
            stand_ins.pay(organisation_id, invoice_id, stripe)


def _bill(session: Session, organisation_id: int, work_order_id: int) -> int:
    person = session.scalars(select(Person).where(Person.role == "administrator")).one()
    secret = open_sign_in(session, organisation_id, person.id)
    session.flush()
    found = find_viewer(session, secret)
    if found is None:
        raise LookupError("the administrator of the demo cannot sign in")
    organisation = session.get_one(Organisation, organisation_id)
    job = get_work_order(session, work_order_id, found[0])
    raised = invoicing.raise_invoice(
        session, organisation, job, [line.id for line in job.lines], form_id=None,
        raised_by=job.appointments[0].technician_id,
    )  # fmt: skip
    invoice = get_invoice(session, raised.invoice.id)
    invoicing.issue_invoice(session, organisation, invoice)
    sending.send_invoice(session, organisation, invoice, sent_by=person.id, email=str(invoice.bill_to.get("email", "")))
    return invoice.id


def _open_pay_link() -> str:
    """The address of an invoice that is still to be paid, in the first firm."""
    organisation_id = _find(FIRMS[0])
    with job_session(organisation_id) as session:
        invoice_id = session.scalars(
            select(Invoice.id)
            .join(InvoiceBalance, InvoiceBalance.invoice_id == Invoice.id)
            .where(Invoice.status == "sent", InvoiceBalance.balance_minor > 0)
            .order_by(Invoice.id.desc())
            .limit(1)
        ).first()
        if invoice_id is None:
            return ""
        return sending.screen_address(session, get_invoice(session, invoice_id)) or ""


def _link(organisation_id: int) -> Link | None:
    with job_session(organisation_id) as session:
        return session.scalars(select(Link).where(Link.archived_at.is_(None))).first()
