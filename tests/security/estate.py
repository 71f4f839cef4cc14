"""A firm with one record of every kind, so that a test can walk every route with real ids; and the rows as they are."""

import dataclasses
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from portal.accounting.by_hand.models import ByHand
from portal.accounting.models import Consent, Link, MirrorRecord
from portal.accounting.pull.models import Question
from portal.accounting.reconciliation.models import DriftRow, Reconciliation
from portal.catalogue.actions import ItemFacts, add_item
from portal.invoices import joint
from portal.invoices.models import PayLink
from portal.invoices.pay_links import make_deposit_link
from portal.invoices.questions.actions import ask
from portal.messages.models import Message
from portal.messages.texts import keep_account
from portal.organisations.logos import keep_logo
from portal.organisations.models import Organisation
from portal.payments.cash.models import Count, HandIn
from portal.payments.deposits import Deposit, DepositRequest
from portal.payments.models import Allocation, Payment, PaymentAttempt, StripeAccount
from portal.payments.payouts.models import Payout
from portal.payments.photos import keep_photo, photos_of
from portal.payments.refunds.models import Refund
from portal.people.actions import add_person
from portal.people.models import PasswordToken
from portal.people.sign_in import digest_of
from portal.schema import metadata
from portal.shared import clock, running
from portal.shared.drawing import draw
from portal.shared.running import here, job_session
from portal.taxes.authorities.actions import named
from portal.taxes.queries import list_taxes
from portal.taxes.standing.models import LocalTax
from portal.taxes.standing.queries import list_exemptions
from portal.work_orders.models import Appointment
from tests.builders import (
    PASSWORD,
    Firm,
    make_credit_note,
    make_firm,
    make_invoice,
    make_picture,
    make_work_order,
    pay_address,
    picture_file,
    sign_in,
)
from tests.conftest import World, browser

ROLES = ("administrator", "manager", "field_agent", "limited_field_agent")
STRIPE_KEY, WEBHOOK_SECRET = "rk_test_51SecretOfTheFirm", "whsec_SecretOfTheFirm0123456789"
ZOHO_TOKEN = "1000.0123456789abcdef0123456789abcdef.fedcba9876543210fedcba9876543210"
MADE_UP = {
    "token": "z" * 43, "public_id": "00000000-0000-4000-8000-000000000000", "endpoint_key": "nobody",
    "print_": "0" * 12, "name": "css/base.css", "logo_name": f"{'0' * 32}-10x10", "deposit_token": "z" * 43,
}  # fmt: skip
A_MADE_UP_NUMBER = 9_111_222_333


@dataclass
class Estate:
    """One firm, the ids of its records by the names that routes give them, and its browsers by role."""

    firm: Firm
    ids: dict[str, object] = field(default_factory=dict)
    browsers: dict[str, FlaskClient] = field(default_factory=dict)

    def __getitem__(self, role: str) -> FlaskClient:
        return self.browsers[role]


@contextmanager
def offline(world: World) -> Iterator[None]:
    """Stripe and Zoho are a port where nobody listens: nothing that a test does here reaches the real ones."""
    process = running.here()
    kept, nobody = process.settings, "http://127.0.0.1:9"
    process.settings = dataclasses.replace(
        kept, stripe_api_base=nobody, zoho_base_address=nobody, zoho_client_id="client", zoho_client_secret="secret"
    )
    yield
    process.settings = kept


def make_estate(app: Flask, name: str = "Northgate Heating") -> Estate:
    """Every record that a route can name, and a signed-in browser for each role."""
    firm = make_firm(name=name)
    with job_session(firm.organisation_id) as session:
        ids = _records(session, firm) | _outside(session, firm)
    estate = Estate(firm, ids)
    for role in ROLES:
        estate.browsers[role] = sign_in(browser(app), firm, role)
    return estate


def path_of(rule: Rule, ids: dict[str, object]) -> str:
    """The rule with real ids; those that `ids` does not know are made up."""
    values = {name: str(ids.get(name, MADE_UP.get(name, A_MADE_UP_NUMBER))) for name in rule.arguments}
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: values[found.group(1)], rule.rule)


def rules_of(app: Flask, method: str) -> list[Rule]:
    rules = [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ())]
    return sorted(rules, key=lambda rule: (rule.endpoint, rule.rule))


def csrf_of(client: FlaskClient, page: str = "/people/me/password") -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    assert found is not None, f"no form on {page}"
    return found.group(1)


def without_noise(answer: TestResponse) -> str:
    """The answer's status and text without what differs each time: the request's id and the masked token."""
    page = answer.text.replace(answer.headers["X-Request-ID"], "")
    return f"{answer.status_code} " + re.sub(r"[\w-]{86}==|[\w-]{43}=|[\w-]{80,}={0,2}", "", page)


def rows(world: World) -> dict[str, str]:
    """A digest of every table, but for the throttles and when a sign-in was last seen."""
    engine = create_engine(world.superuser_url)
    with engine.connect() as connection:
        found = {str(name): str(digest) for name, digest in connection.execute(text(_digests()))}
    engine.dispose()
    return found


def dump(world: World) -> str:
    """Every cell of every table as text."""
    engine = create_engine(world.superuser_url)
    with engine.connect() as connection:
        told = [
            "\n".join(str(row[0]) for row in connection.execute(text(f"SELECT t::text FROM {name} t")))
            for name in _tables()
        ]
    engine.dispose()
    return "\n".join(told)


def _tables() -> list[str]:
    return sorted(name for name, table in metadata.tables.items() if not table.info.get("is_view"))


def _digests() -> str:
    row = {"sign_ins": "(digest, organisation_id, person_id, created_at)::text"}
    return " UNION ALL ".join(
        f"SELECT '{name}', count(*) || md5(coalesce(string_agg({row.get(name, 't::text')}, '|'"
        f" ORDER BY {row.get(name, 't::text')}), '')) FROM {name} t"
        for name in _tables() if name != "throttles"
    )  # fmt: skip


def _records(session: Session, firm: Firm) -> dict[str, object]:
    job = make_work_order(session, firm)
    _send_along(session, firm, job.id)
    invoice = make_invoice(session, firm, email="rita@maple.example", work_order=job)
    open_job = make_work_order(session, firm, done=False)
    _send_along(session, firm, open_job.id)
    draft = make_invoice(session, firm, sent=False)
    keep_account(session, firm.organisation_id, sid="AC" + "1" * 32, token="text-secret", sender="+441134960100")
    spare = add_person(
        session, firm.organisation_id, name="Sam Spare", email=f"spare{firm.organisation_id}@example.com",
        role="field_agent", password=PASSWORD,
    )  # fmt: skip
    organisation = session.get_one(Organisation, firm.organisation_id)
    link, joint_address = joint.make_joint_link(session, organisation, [invoice], channel="email")
    cash = _cash(session, firm, invoice.id)
    keep_logo(session, organisation, picture_file(f"#{firm.organisation_id:06d}"))
    return {
        "logo_name": organisation.logo, **_deposit_asked(session, firm, job.id, cash.id),
        "joint_link_id": link.id, "joint_token": joint_address.rpartition("/")[2],
        "customer_id": firm.customer_id, "item_id": firm.item_ids[0], "work_order_id": job.id,
        "line_id": job.lines[0].id, "picture_id": make_picture(session, firm, job).id,
        "open_work_order_id": open_job.id, "open_line_id": open_job.lines[0].id,
        "credit_note_id": make_credit_note(session, firm, invoice, share="0.1").id,
        "question_id": ask(session, organisation, invoice, "Why so much?").id,
        "invoice_id": invoice.id, "draft_id": draft.id, "token": pay_address(session, invoice).removeprefix("/p/"),
        "message_id": _undelivered(session, firm, invoice.id), "pay_link_id": _stopped(session, invoice.id),
        "password_token": _password_token(session, firm), "person_id": spare.id, "payment_id": cash.id,
        "photo_id": _photo(session, firm),
        **_taxes(session, firm),
        "holder_id": firm.people["field_agent"], "hand_in_id": _hand_in(session, firm).id,
        "counted_id": _counted(session, firm), "refund_id": _given_twice(session, firm, cash),
    }  # fmt: skip


def _deposit_asked(session: Session, firm: Firm, job_id: int, payment_id: int) -> dict[str, object]:
    """A part of it has come."""
    request = DepositRequest(
        organisation_id=firm.organisation_id, work_order_id=job_id, customer_id=firm.customer_id, amount_minor=50000,
        currency="GBP",
    )  # fmt: skip
    session.add(request)
    session.flush()
    session.add(
        Deposit(
            organisation_id=firm.organisation_id, payment_id=payment_id, work_order_id=job_id,
            deposit_request_id=request.id,
        )
    )  # fmt: skip
    (stopped, _), (_, token) = (
        make_deposit_link(
            session, firm.organisation_id, request.id, here().settings.vault, channel="screen", pay_link_days=60
        )
        for _ in range(2)
    )
    stopped.revoked_at = clock.now()  # so that the other one may be walked
    session.flush()
    return {"deposit_request_id": request.id, "deposit_link_id": stopped.id, "deposit_token": token}


def _password_token(session: Session, firm: Firm) -> str:
    """Of somebody whose access nobody takes away."""
    secret = secrets.token_urlsafe(32)
    session.add(
        PasswordToken(
            digest=digest_of(secret), organisation_id=firm.organisation_id, person_id=firm.people["manager"],
            expires_at=clock.now() + timedelta(hours=1),
        )
    )  # fmt: skip
    return secret


def _stopped(session: Session, invoice_id: int) -> int:
    """A link of the invoice that works no more, so that the one on the screen may be walked."""
    link = session.scalars(
        select(PayLink).where(PayLink.invoice_id == invoice_id, PayLink.channel == "email").limit(1)
    ).one()
    link.revoked_at = clock.now()
    return link.id


def _undelivered(session: Session, firm: Firm, invoice_id: int) -> int:
    made = Message(
        organisation_id=firm.organisation_id, once="refused", kind="receipt", record="invoice", record_id=invoice_id,
        to_address="nobody@maple.example", subject="A receipt", state="failed", last_error="There is no such mailbox.",
        body_sealed=here().settings.vault.seal("{}", organisation_id=firm.organisation_id, purpose="message"),
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made.id


def _taxes(session: Session, firm: Firm) -> dict[str, object]:
    """Each of them in use, so that walking the buttons removes none."""
    tax, exemption = list_taxes(session)[-1], list_exemptions(session, "item")[0]
    tax.authority_id = named(session, firm.organisation_id, "HMRC")
    place = LocalTax(organisation_id=firm.organisation_id, state="NY", tax_id=list_taxes(session)[0].id)
    other = LocalTax(organisation_id=firm.organisation_id, state="NJ", tax_id=tax.id)
    session.add_all([place, other])
    free = ItemFacts("SV-99", "service", "Advice", Decimal(1), "", is_active=False)
    add_item(session, firm.organisation_id, free).exemption_id = exemption.id
    session.flush()
    return {
        "tax_id": tax.id, "rate_id": tax.rates[0].id, "exemption_id": exemption.id, "local_tax_id": place.id,
        "authority_id": tax.authority_id,
    }  # fmt: skip


def _photo(session: Session, firm: Firm) -> int:
    """Of the cash that was made just before."""
    cash = session.scalars(select(Payment).where(Payment.number == "R-CASH")).one()
    keep_photo(session, cash, draw(picture_file("navy")), taken_by=firm.people["field_agent"])
    session.flush()
    return photos_of(session, cash.id)[0].id


def _hand_in(session: Session, firm: Firm, form_id: str = "handed") -> HandIn:
    made = HandIn(
        organisation_id=firm.organisation_id, person_id=firm.people["field_agent"], amount_minor=1, currency="GBP",
        note="", form_id=form_id,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def _counted(session: Session, firm: Firm) -> int:
    """Another one, and somebody else has counted it."""
    made = _hand_in(session, firm, "counted")
    session.add(
        Count(
            organisation_id=firm.organisation_id, hand_in_id=made.id, counted_by=firm.people["manager"],
            counted_minor=1, currency="GBP", note="",
        )
    )  # fmt: skip
    session.flush()
    return made.id


def _cash(session: Session, firm: Firm, invoice_id: int) -> Payment:
    """Cash of which a penny has paid the invoice; for the rest there is none yet."""
    cash = Payment(
        organisation_id=firm.organisation_id, number="R-CASH", customer_id=firm.customer_id, method="cash",
        amount_minor=5, currency="GBP", received_on=clock.now().date(), provider="offline", reference="Cash",
        provider_payment_id="portal-R-CASH", taken_by=firm.people["field_agent"],
    )  # fmt: skip
    session.add(cash)
    session.flush()
    session.add(
        Allocation(
            organisation_id=firm.organisation_id, payment_id=cash.id, invoice_id=invoice_id, amount_minor=1,
            currency="GBP",
        )
    )  # fmt: skip
    session.flush()
    return cash


def _given_twice(session: Session, firm: Firm, cash: Payment) -> int:
    """A penny beyond what was left."""
    made = Refund(
        organisation_id=firm.organisation_id, payment_id=cash.id, amount_minor=0, beyond_minor=1, currency="GBP",
        way="stripe", reason="Made at Stripe", state="succeeded", look_at=clock.now(),
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made.id


def _send_along(session: Session, firm: Firm, work_order_id: int) -> None:
    """The limited agent goes to the same job, so that only rights decide what they may do there."""
    starts_at = clock.now()
    session.add(
        Appointment(
            organisation_id=firm.organisation_id, work_order_id=work_order_id, starts_at=starts_at,
            technician_id=firm.people["limited_field_agent"], ends_at=starts_at + timedelta(hours=1),
        )
    )  # fmt: skip
    session.flush()


def _outside(session: Session, firm: Firm) -> dict[str, object]:
    """The ties to Zoho and Stripe, with secrets sealed as the product seals them."""
    of, vault = firm.organisation_id, here().settings.vault
    consent = Consent(
        organisation_id=of, data_centre="us", access_expires_at=clock.now() + timedelta(hours=1),
        refresh_token_sealed=vault.seal(ZOHO_TOKEN, organisation_id=of, purpose="zoho refresh token"),
        access_token_sealed=vault.seal(ZOHO_TOKEN, organisation_id=of, purpose="zoho access token"),
    )  # fmt: skip
    session.add(consent)
    session.flush()
    link = Link(
        organisation_id=of, consent_id=consent.id, product="books", remote_organisation_id="10", recent_calls=[],
        remote_name="Northgate's books", currency="GBP",
    )  # fmt: skip
    account = StripeAccount(
        organisation_id=of, remote_id=f"acct_{of}", is_live=False, endpoint_key=secrets.token_urlsafe(24),
        key_sealed=vault.seal(STRIPE_KEY, organisation_id=of, purpose="stripe_key"),
        webhook_secrets_sealed=vault.seal(WEBHOOK_SECRET, organisation_id=of, purpose="stripe_webhook"),
    )  # fmt: skip
    session.add_all((link, account))
    session.flush()
    payout = Payout(
        organisation_id=of, stripe_account_id=account.id, remote_id=f"po_{of}", amount_minor=23206, currency="GBP",
        state="paid", arrives_on=clock.today("UTC"), made_at=clock.now(), is_automatic=True, is_complete=True,
    )  # fmt: skip
    session.add(payout)
    session.flush()
    stuck = MirrorRecord(
        organisation_id=of, link_id=link.id, module="customer", local_id=firm.customer_id, state="failed",
        last_error="Zoho refuses this name.",
    )  # fmt: skip
    run = Reconciliation(organisation_id=of, link_id=link.id, module="payment", stage="done", finished_at=clock.now())
    session.add_all((stuck, run))
    session.flush()
    drift = DriftRow(
        organisation_id=of, run_id=run.id, module="customer", cause="missing there", local_id=firm.customer_id,
        label="Maple Dental Practice",
    )  # fmt: skip
    session.add(drift)
    session.flush()
    asked = Question(
        organisation_id=of, link_id=link.id, module="customer", local_id=firm.customer_id, remote_id="7", kind="field",
        field="name", ours="Maple here", theirs="Maple there", facts={"label": "Customer Maple"},
    )  # fmt: skip
    entry = ByHand(
        organisation_id=of, link_id=link.id, module="payment", local_id=1, customer_id=firm.customer_id, what="new",
        label="Payment R-00001", amount_minor=100, currency="GBP", on_day=clock.today("UTC"),
    )  # fmt: skip
    session.add_all((asked, entry))
    session.flush()
    return {
        "consent_id": consent.id, "link_id": link.id, "entry_id": entry.id, "record_id": stuck.id,
        "drift_id": drift.id, "question_id": asked.id,
        "endpoint_key": account.endpoint_key,
        "stripe_account_id": account.id, "payout_id": payout.id,
    }  # fmt: skip


def make_attempt(session: Session, estate: Estate) -> PaymentAttempt:
    """A payment page at Stripe that was opened and is over."""
    attempt = PaymentAttempt(
        organisation_id=estate.firm.organisation_id, invoice_id=estate.ids["invoice_id"], invoice_revision=1,
        stripe_account_id=estate.ids["stripe_account_id"], amount_minor=23580, currency="GBP", state="expired",
        session_id=f"cs_test_{secrets.token_hex(8)}", expires_at=clock.now(), look_at=clock.now(),
    )  # fmt: skip
    session.add(attempt)
    session.flush()
    return attempt
