"""What the demo asks of the stand-ins, over HTTP: a registered client, a consent, a payment, a number to text from."""

import secrets
from typing import Any

import requests
from sqlalchemy import select

from portal.accounting import link as linking
from portal.accounting.models import Consent, Link
from portal.accounting.pull import cursors
from portal.config import Settings
from portal.demo.firms import OWN_STRIPE_KEY, OWN_ZOHO_CENTRE, OWN_ZOHO_USER, DemoFirm
from portal.gateways.zoho.consent import Tokens, scopes
from portal.gateways.zoho.data_centres import data_centres
from portal.messages import texts
from portal.organisations.models import Organisation
from portal.payments.actions import connect_stripe_account, look_at_attempt, refresh_webhook_address, start_attempt
from portal.payments.models import PaymentAttempt
from portal.payments.queries import live_account
from portal.shared.phones import international
from portal.shared.running import here, job_session

_TIMEOUT_S = 10
_CARD = "4242424242424242"


def register_client(zoho: str, settings: Settings) -> None:
    """The client id and secret of this demo, made once for its state folder."""
    body = {"client_id": settings.zoho_client_id, "client_secret": settings.zoho_client_secret, "name": "Portal demo"}
    requests.post(f"{zoho}/_control/clients", json=body, timeout=_TIMEOUT_S).raise_for_status()


def open_own_accounts(addresses: dict[str, str]) -> None:
    """A Zoho organisation and a Stripe account for a firm that a visitor signs up. Safe to repeat."""
    zoho, stripe = addresses["zoho"], addresses["stripe"]
    books: dict[str, Any] = {
        "user": OWN_ZOHO_USER, "dc": OWN_ZOHO_CENTRE, "name": "Your own firm", "organization_id": "20260815099",
        "products": ["books"], "country_code": "GB", "currency_code": "GBP", "time_zone": "Europe/London",
        "taxes": [["Standard Rate", 20], ["Reduced Rate", 5], ["Zero Rate", 0]],
    }  # fmt: skip
    account: dict[str, Any] = {"id": "acct_yourfirm", "name": "Your own firm", "country": "GB", "currency": "gbp",
               "livemode": False, "keys": [{"key": OWN_STRIPE_KEY}]}  # fmt: skip
    for address, body, name in (
        (f"{zoho}/_control/orgs", books, books["organization_id"]),
        (f"{stripe}/_control/accounts", account, account["id"]),
    ):
        if str(name) not in requests.get(address, timeout=_TIMEOUT_S).text:
            requests.post(address, json=body, timeout=_TIMEOUT_S).raise_for_status()


def connect_stripe(organisation_id: int, firm: DemoFirm) -> None:
    """Connect at the first start; later tell Stripe where the portal is today."""
    with job_session(organisation_id) as session:
        is_connected = live_account(session) is not None
    if is_connected:
        refresh_webhook_address(organisation_id)
    else:
        connect_stripe_account(organisation_id, firm.stripe_key)


def connect_texts(organisation_id: int, firm: DemoFirm, twilio: str) -> None:
    """An account of the firm's own, made once; the stand-in is told of it at each start, as its state may be gone."""
    with job_session(organisation_id) as session:
        account = texts.sms_account(session)
        if account is None:
            sid, token = f"AC{secrets.token_hex(16)}", secrets.token_hex(16)
            sender = f"+{international(firm.phone, firm.country)}"
            account = texts.keep_account(session, organisation_id, sid=sid, token=token, sender=sender)
        known = {account.account_sid: texts.token_of(account)}
    requests.post(f"{twilio}/_control/world", json={"accounts": known}, timeout=_TIMEOUT_S).raise_for_status()


def pay(organisation_id: int, invoice_id: int, stripe: str) -> None:
    """As a customer would, with the card that always works."""
    start_attempt(organisation_id, invoice_id)
    with job_session(organisation_id) as session:
        attempt = session.scalars(select(PaymentAttempt).where(PaymentAttempt.invoice_id == invoice_id)).one()
    address = f"{stripe}/_control/sessions/{attempt.session_id}/pay"
    requests.post(address, json={"card": _CARD, "email": "paid@example.com"}, timeout=_TIMEOUT_S).raise_for_status()
    look_at_attempt(organisation_id, attempt.id)


def link_books(organisation_id: int, firm: DemoFirm, zoho: str) -> None:
    """Link the firm to the Zoho organisation of its name; only the consent page is skipped."""
    wanted = {
        "user": firm.zoho_user, "dc": firm.zoho_centre, "client_id": here().settings.zoho_client_id,
        "scope": scopes(),
    }  # fmt: skip
    given = requests.post(f"{zoho}/_control/tokens", json=wanted, timeout=_TIMEOUT_S)
    given.raise_for_status()
    answer = given.json()
    tokens = Tokens(answer["access_token"], answer["refresh_token"], answer["scope"], answer["expires_in"])
    with job_session(organisation_id) as session:
        currency = session.get_one(Organisation, organisation_id).currency
        consent_id = linking.keep_consent(session, organisation_id, firm.zoho_centre, tokens).id
    with job_session(organisation_id) as session:
        consent = session.get_one(Consent, consent_id)
    offered = linking.offered(organisation_id, consent, currency)
    chosen = next(each for each in offered.candidates if each.name == firm.name and each.product == firm.zoho_product)
    with job_session(organisation_id) as session:
        link = linking.attach(session, session.get_one(Consent, consent_id), chosen, connected_by=None)
        cursors.begin(session, link, "tax")


def books_page(organisation_id: int) -> str:
    """Where a person can look at the firm's books."""
    with job_session(organisation_id) as session:
        link, centre = session.execute(
            select(Link, Consent.data_centre)
            .join(Consent, Consent.id == Link.consent_id)
            .where(Link.archived_at.is_(None))
        ).one()
    page = data_centres(here().settings.zoho_base_address)[centre].record_url(
        link.product, link.remote_organisation_id, "invoice", ""
    )
    return page.rstrip("/").removesuffix("/invoices")
