"""A firm to measure with, made through the product's own actions, as large as wanted."""

import io
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from PIL import Image
from sqlalchemy.orm import Session

from portal.catalogue.actions import ItemFacts, add_item
from portal.catalogue.models import Item
from portal.customers.actions import CustomerFacts, add_customer
from portal.customers.queries import get_customer
from portal.gateways.stripe_gateway import Checkout, Receipt
from portal.invoices import actions as invoicing
from portal.invoices import sending
from portal.invoices.queries import get_invoice
from portal.organisations.actions import NewOrganisation
from portal.organisations.models import Organisation
from portal.payments.actions.attempts import plan_attempt
from portal.payments.actions.settlement import settle
from portal.payments.models import PaymentAttempt, StripeAccount
from portal.people.actions import add_person, sign_up
from portal.people.sign_in import Viewer, find_viewer, open_sign_in
from portal.shared import clock
from portal.shared.running import here, job_session
from portal.taxes.queries import list_taxes
from portal.taxes.regions.starting import start_taxes
from portal.work_orders.actions import NewWorkOrder, Visit, create_work_order, take_step
from portal.work_orders.pictures.actions import MOST_OF_A_JOB, add_photo
from portal.work_orders.queries import get_work_order

PASSWORD = "a long enough password"
EMAIL = "rita@maple.example"
_count = itertools.count(1)


@dataclass
class Firm:
    """Ids and sign-ins: any session can read the rows."""

    organisation_id: int
    technician_id: int
    sign_ins: dict[str, str]  # role → e-mail
    administrator: Viewer
    customer_id: int = 0
    item_ids: list[int] = field(default_factory=list)


def add_photos(session: Session, firm: Firm, work_order_id: int, count: int) -> None:
    """As many as a job may have, at the most."""
    work_order = get_work_order(session, work_order_id, firm.administrator)
    for shade in range(min(count, MOST_OF_A_JOB)):
        file = io.BytesIO()
        Image.new("L", (64, 48), shade * 6).save(file, "PNG")
        add_photo(session, work_order, file.getvalue(), firm.technician_id)


def make_firm(items: int = 10) -> Firm:
    """With an administrator and a technician, the country's taxes, one customer, `items` items and a Stripe account."""
    number = next(_count)
    boss, technician = f"boss{number}@firm.example", f"technician{number}@firm.example"
    with job_session(None) as session:
        new = NewOrganisation("Northgate Heating", boss, "GB", "GBP", "Europe/London")
        organisation_id, administrator = sign_up(session, new, name="Ada Admin", password=PASSWORD)
        hand = add_person(
            session, organisation_id, name="Dana Wells", email=technician, role="field_agent", password=PASSWORD
        )
        start_taxes(session, organisation_id, "GB")
        key = here().settings.vault.seal("rk_test_bench", organisation_id=organisation_id, purpose="stripe_key")
        account = StripeAccount(
            organisation_id=organisation_id, key_sealed=key, remote_id=f"acct_{number}", is_live=False,
            endpoint_key=f"bench{number}",
        )  # fmt: skip
        session.add(account)
        secret = open_sign_in(session, organisation_id, administrator.id)
        session.flush()
        sign_ins = {"administrator": boss, "field_agent": technician}
        firm = Firm(organisation_id, hand.id, sign_ins, _viewer(session, secret))
        firm.customer_id = add_a_customer(session, firm)
        firm.item_ids = [add_an_item(session, firm, index) for index in range(items)]
    return firm


def add_a_customer(session: Session, firm: Firm, name: str = "Maple Dental Practice") -> int:
    facts = CustomerFacts(
        kind="business", name=name, email=EMAIL, phone="0113 496 0000", first_name="Rita", last_name="Okafor",
        street="12 Maple Street", city="Leeds", postal_code="LS1 4AB", country="GB",
    )  # fmt: skip
    return add_customer(session, firm.organisation_id, facts, form_id=None).id


def add_an_item(session: Session, firm: Firm, index: int) -> int:
    tax = list_taxes(session)[0]
    kind = "part" if index % 2 else "service"
    price = Decimal("18.50") + index
    facts = ItemFacts(f"SP-{index:03}", kind, f"Service or part number {index}", price, "", tax_id=tax.id)
    return add_item(session, firm.organisation_id, facts).id


def add_a_job(session: Session, firm: Firm, *, lines: int = 10, hour: int = 9) -> int:
    """A job of today, done, with so many lines."""
    begins = datetime.combine(clock.today("Europe/London"), datetime.min.time(), UTC) + timedelta(hours=hour)
    items = [session.get_one(Item, firm.item_ids[index % len(firm.item_ids)]) for index in range(lines)]
    new = NewWorkOrder(
        "Boiler annual service", "Key at reception", Visit(firm.technician_id, begins, begins + timedelta(hours=1)),
        [(item, Decimal("1.5")) for item in items],
    )  # fmt: skip
    work_order = create_work_order(session, get_customer(session, firm.customer_id), new)
    take_step(session, work_order, "complete")
    session.flush()
    return work_order.id


def bill(firm: Firm, work_order_id: int, *, email: str = EMAIL) -> int:
    """What the page's Send does, in its one transaction: draft, number, freeze, link, mail. The invoice's id."""
    with job_session(firm.organisation_id) as session:
        viewer = firm.administrator
        organisation = session.get_one(Organisation, firm.organisation_id)
        job = get_work_order(session, work_order_id, viewer, lock=True)
        raised = invoicing.raise_invoice(
            session, organisation, job, [line.id for line in job.lines], form_id=None, raised_by=viewer.id
        )
        invoice = raised.invoice
        invoicing.issue_invoice(session, organisation, invoice, reckoned_on=raised.reckoned_on)
        sending.send_invoice(session, organisation, invoice, sent_by=viewer.id, email=email, is_first=True)
        return invoice.id


def pay(firm: Firm, invoice_id: int) -> None:
    settle_payment(firm, *begin_payment(firm, invoice_id))


def begin_payment(firm: Firm, invoice_id: int) -> tuple[int, Checkout]:
    """What the tap on Pay does before Stripe is called, and what Stripe is then made to say: paid in full."""
    with job_session(firm.organisation_id) as session:
        plan = plan_attempt(session, invoice_id)
        amount = session.get_one(PaymentAttempt, plan.attempt_id).amount
    receipt = Receipt(f"pi_{plan.attempt_id}", amount, "card", "Visa ending 4242", clock.now(), None)
    said = {"attempt": str(plan.public_id)}
    return plan.attempt_id, Checkout(f"cs_{plan.attempt_id}", "paid", "", False, said, receipt.payment_id, receipt)


def settle_payment(firm: Firm, attempt_id: int, seen: Checkout) -> None:
    with job_session(firm.organisation_id) as session:
        settle(session, attempt_id, seen)


def pay_path(firm: Firm, invoice_id: int) -> str:
    """The path behind the QR code."""
    with job_session(firm.organisation_id) as session:
        address = sending.screen_address(session, get_invoice(session, invoice_id))
    return str(address).removeprefix(here().settings.public_url)


def _viewer(session: Session, secret: str) -> Viewer:
    found = find_viewer(session, secret)
    if found is None:
        raise LookupError("the administrator cannot sign in")
    return found[0]
