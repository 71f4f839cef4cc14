"""Offering a bank debit beside cards: only what the firm's own Stripe account really offers is switched on."""

import uuid

from portal.gateways import stripe_gateway
from portal.gateways.stripe_gateway import CheckoutOrder
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.payments import queries, rules
from portal.payments.actions.accounts import client_of_key, key_of
from portal.payments.debits import DEBITS, NAMES
from portal.payments.models import StripeAccount
from portal.payments.rules import CannotConnect
from portal.shared import clock, running
from portal.shared.money import Money
from portal.shared.running import job_session


def offer_debit(organisation_id: int) -> str:
    """Let customers also pay by the bank debit of the firm's currency. Its name.

    Asks Stripe between short transactions of its own. Raises CannotConnect with what to do, GatewayError.
    """
    with job_session(organisation_id) as session:
        account = _account_of(queries.live_account(session))
        currency = session.get_one(Organisation, organisation_id).currency
        account_id, key = account.id, key_of(account)
    debit = DEBITS.get(currency)
    if debit is None:
        raise CannotConnect(
            f"No bank debit can be offered in {currency}: there is ACH in USD, SEPA in EUR, Bacs in GBP."
        )
    if debit not in _offered(key, currency, debit):
        raise CannotConnect(
            f"Your Stripe account does not offer {NAMES[debit]}. Switch it on in Stripe, under Settings, Payment"
            " methods, and come back."
        )
    _keep(organisation_id, account_id, debit, f"{NAMES[debit]} offered beside cards")
    return NAMES[debit]


def end_debit(organisation_id: int) -> None:
    """Cards only from now on. What was begun before may still arrive. Raises CannotConnect."""
    with job_session(organisation_id) as session:
        account_id = _account_of(queries.live_account(session)).id
    _keep(organisation_id, account_id, "", "Bank debits are not offered any more")


def _offered(key: str, currency: str, debit: str) -> tuple[str, ...]:
    """What Stripe's page would show: a page is made for that, closed again, and nobody hears of its address."""
    settings = running.here().settings
    trial = CheckoutOrder(
        key=str(uuid.uuid4()), amount=Money.of(10, currency), title="Which ways to pay are offered?",
        return_url=f"{settings.public_url}/payments/settings", email="", debit=debit,
        expires_at=clock.now() + rules.OPEN_FOR, metadata={},  # without our mark its events are nobody's
    )  # fmt: skip
    client = client_of_key(key, retries=1)
    made = stripe_gateway.create_session(client, trial)
    stripe_gateway.expire_session(client, made.id)
    return tuple(made.methods)


def _keep(organisation_id: int, account_id: int, debit: str, words: str) -> None:
    with job_session(organisation_id) as session:
        account = session.get_one(StripeAccount, account_id, with_for_update=True)
        if account.debit != debit:
            account.debit = debit
            audit.note(session, organisation_id, "settings changed", "organisation", organisation_id, words=words)


def _account_of(account: StripeAccount | None) -> StripeAccount:
    if account is None:
        raise CannotConnect("Connect a Stripe account first.")
    return account
