"""Plain functions that make what a test needs, through the same actions as the product."""

import io
import itertools
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest import mock

from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.catalogue.actions import ItemFacts, add_item
from portal.catalogue.models import Item
from portal.customers.actions import CustomerFacts, add_customer
from portal.customers.models import Customer
from portal.customers.queries import get_customer
from portal.invoices import actions as invoicing
from portal.invoices import sending
from portal.invoices.credit_notes import actions as crediting
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.credit_notes.queries import get_credit_note
from portal.invoices.models import Invoice
from portal.invoices.queries import get_invoice
from portal.organisations.actions import NewOrganisation
from portal.organisations.models import Organisation
from portal.people import passwords
from portal.people.actions import add_person, sign_up
from portal.people.sign_in import Viewer, find_viewer, open_sign_in
from portal.shared import clock
from portal.shared.running import here, job_session
from portal.taxes.queries import list_taxes
from portal.taxes.regions.starting import start_taxes
from portal.work_orders.actions import NewWorkOrder, Visit, create_work_order, take_step
from portal.work_orders.models import WorkOrder
from portal.work_orders.pictures import actions as pictures
from portal.work_orders.pictures.models import JobPicture
from portal.work_orders.pictures.queries import pictures_of
from portal.work_orders.queries import get_work_order

PASSWORD = "a long enough password"
_HASH = passwords.hash_password(PASSWORD)  # made once: it takes long on purpose, and each firm has four people
_count = itertools.count(1)


@dataclass
class Firm:
    """What a test needs to know of a firm. Ids only, so that any session can read the rows."""

    organisation_id: int
    people: dict[str, int] = field(default_factory=dict)  # role → person id
    emails: dict[str, str] = field(default_factory=dict)  # role → sign-in
    customer_id: int = 0
    item_ids: list[int] = field(default_factory=list)

    def viewer(self, role: str = "administrator") -> Viewer:
        with here().sessions() as session:
            from portal.shared.db import enter

            enter(session, self.organisation_id)
            secret = open_sign_in(session, self.organisation_id, self.people[role])
            session.commit()
            found = find_viewer(session, secret)
            assert found is not None
            return found[0]


def make_firm(
    *, name: str = "Northgate Heating", country: str = "GB", currency: str = "GBP", time_zone: str = "Europe/London"
) -> Firm:
    """A firm with a person of each role, its country's taxes, one customer and three items (118.00, 64.00, 46.50)."""
    number = next(_count)
    email = f"admin{number}@{re.sub('[^a-z]', '', name.lower())}.example"
    with job_session(None) as session, mock.patch.object(passwords, "hash_password", lambda _password: _HASH):
        new = NewOrganisation(name, email, country, currency, time_zone)
        organisation_id, admin = sign_up(session, new, name="Ada Admin", password=PASSWORD)
        firm = Firm(organisation_id, {"administrator": admin.id}, {"administrator": email})
        for role, who in (("manager", "Mo Manager"), ("field_agent", "Dana Wells"), ("limited_field_agent", "Lee Low")):
            address = f"{role}{number}@example.com"
            person = add_person(session, organisation_id, name=who, email=address, role=role, password=PASSWORD)
            firm.people[role], firm.emails[role] = person.id, address
        start_taxes(session, organisation_id, country)
        firm.customer_id = make_customer(session, organisation_id).id
        firm.item_ids = [item.id for item in make_items(session, organisation_id)]
    return firm


def make_customer(session: Session, organisation_id: int, name: str = "Maple Dental Practice") -> Customer:
    facts = CustomerFacts(
        kind="business", name=name, email="reception@maple.example", phone="0113 496 0000", first_name="Rita",
        last_name="Okafor", street="12 Maple Street", city="Leeds", postal_code="LS1 4AB", country="GB",
    )  # fmt: skip
    return add_customer(session, organisation_id, facts, form_id=None)


def make_items(session: Session, organisation_id: int) -> list[Item]:
    tax = list_taxes(session)[0]
    return [
        add_item(session, organisation_id, ItemFacts(code, kind, name, Decimal(price), unit, tax_id=tax.id))
        for code, kind, name, price, unit in (
            ("SV-01", "service", "Annual gas boiler service", "118.00", ""),
            ("SV-02", "service", "Labour", "64.00", "h"),
            ("PT-01", "part", "Expansion vessel, 12 l", "46.50", ""),
        )
    ]


def make_work_order(
    session: Session, firm: Firm, *, done: bool = True, technician: str = "field_agent",
    starts_at: datetime | None = None, quantities: tuple[str, ...] = ("1", "0.5", "1"),
) -> WorkOrder:  # fmt: skip
    """A job with the firm's three items: 196.50 before tax, 235.80 with the UK's 20 %."""
    begins = starts_at or clock.now()
    items = [session.get_one(Item, item_id) for item_id in firm.item_ids]
    new = NewWorkOrder(
        "Boiler annual service", "Key at reception",
        Visit(firm.people[technician], begins, begins + timedelta(hours=1)),
        [(item, Decimal(quantity)) for item, quantity in zip(items, quantities, strict=False)],
    )  # fmt: skip
    work_order = create_work_order(session, get_customer(session, firm.customer_id), new)
    if done:
        take_step(session, work_order, "complete")
    session.commit()
    return work_order


def picture_file(colour: str = "navy", size: tuple[int, int] = (64, 48), kind: str = "PNG", **more: Any) -> bytes:
    """A picture of one colour, as a file."""
    kept = io.BytesIO()
    Image.new("RGB", size, colour).save(kept, kind, **more)
    return kept.getvalue()


def make_picture(session: Session, firm: Firm, work_order: WorkOrder, colour: str = "navy") -> JobPicture:
    pictures.add_photo(session, work_order, picture_file(colour), firm.people["field_agent"])
    session.commit()
    return list(pictures_of(session, [work_order.id]))[-1]


def make_invoice(
    session: Session, firm: Firm, *, sent: bool = True, email: str = "", work_order: WorkOrder | None = None
) -> Invoice:
    """An invoice of a whole job, 235.80 to pay; sent with a link for the screen unless it is to stay a draft."""
    viewer = firm.viewer("administrator")
    organisation = session.get_one(Organisation, firm.organisation_id)
    made = work_order or make_work_order(session, firm)
    job = get_work_order(session, made.id, viewer)
    raised = invoicing.raise_invoice(
        session, organisation, job, [line.id for line in job.lines], form_id=None,
        raised_by=firm.people["field_agent"],
    )  # fmt: skip
    invoice = get_invoice(session, raised.invoice.id)
    if sent:
        invoicing.issue_invoice(session, organisation, invoice)
        sending.send_invoice(session, organisation, invoice, sent_by=None, email=email)
    session.commit()
    return get_invoice(session, invoice.id)


def make_credit_note(
    session: Session, firm: Firm, invoice: Invoice | None = None, *, share: str = "1", keep: bool = False
) -> CreditNote:
    """A credit note over `share` of each line of an invoice: all 235.80 of one made for it, unless told otherwise."""
    of = get_invoice(session, (invoice or make_invoice(session, firm)).id, lock=True)
    wanted = {at: line.line_total.times(Decimal(share)) for at, line in enumerate(of.lines)}
    organisation = session.get_one(Organisation, firm.organisation_id)
    note = crediting.raise_credit_note(session, organisation, of, wanted, "The part was faulty", keep=keep)
    session.commit()
    return get_credit_note(session, note.id)


def pay_address(session: Session, invoice: Invoice) -> str:
    """The path behind the QR code."""
    address = sending.screen_address(session, invoice)
    assert address is not None
    return address.removeprefix(here().settings.public_url)


def sign_in(client: FlaskClient, firm: Firm, role: str) -> FlaskClient:
    """`client` signed in through the real form."""
    answer = post(client, "/sign-in", {"email": firm.emails[role], "password": PASSWORD}, page="/sign-in")
    assert answer.status_code == 303, answer.text
    return client


def post(
    client: FlaskClient, path: str, data: dict[str, object], *, page: str | None = None, **more: object
) -> TestResponse:
    """Post a form as a browser does: with the token of the page it stands on (any page of the same sign-in will do)."""
    shown = client.get(page or "/today")
    token = re.search(r'name="csrf_token" value="([^"]+)"', shown.text)
    assert token is not None, f"no form on {page or '/today'}: {shown.status_code}"
    return client.post(path, data={"csrf_token": token.group(1), **data}, **more)  # type: ignore[arg-type]
