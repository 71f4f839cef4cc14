"""Which rights a restricted key lacks, asked before the key is kept: Stripe has no list of them to read.

Each is tried by a call that changes nothing: a list of one, or something done to a record that is not there. A key with
the right gets "no such record" (404), one without it 403, as Stripe looks at the key first.
"""

from collections.abc import Callable, Sequence
from typing import Any

import stripe

from portal.gateways.errors import GatewayError
from portal.gateways.stripe_gateway.calls import Client
from portal.gateways.stripe_gateway.errors import translated, words_of_missing

_NOBODY = "none_of_ours"
_ONE: Any = {"limit": 1}
_PROBES: Sequence[Callable[[Client], object]] = (
    lambda client: client.v1.checkout.sessions.expire(f"cs_{_NOBODY}"),
    lambda client: client.v1.customers.update(f"cus_{_NOBODY}", {"metadata": {}}),
    lambda client: client.v1.payment_methods.detach(f"pm_{_NOBODY}"),
    lambda client: client.v1.payment_intents.cancel(f"pi_{_NOBODY}"),
    lambda client: client.v1.refunds.update(f"re_{_NOBODY}", {"metadata": {}}),
    lambda client: client.v1.webhook_endpoints.delete(f"we_{_NOBODY}"),
    lambda client: client.v1.charges.list(_ONE),
    lambda client: client.v1.disputes.list(_ONE),
    lambda client: client.v1.events.list(_ONE),
    lambda client: client.v1.payouts.list(_ONE),
    lambda client: client.v1.balance_transactions.list(_ONE),
)


def check_rights(client: Client) -> None:
    """Eleven calls. Raises GatewayError that names every right that the key lacks."""
    refusals = [refusal for probe in _PROBES if (refusal := _refusal(client, probe)) is not None]
    if refusals:
        raise GatewayError(words_of_missing(refusals), retryable=False, code="PermissionError")


def _refusal(client: Client, probe: Callable[[Client], object]) -> str | None:
    """Stripe's sentence where the right is missing."""
    try:
        with translated():
            probe(client)
    except GatewayError as problem:
        refusal = problem.__cause__
        if isinstance(refusal, stripe.PermissionError):
            return str(refusal)
        if isinstance(refusal, stripe.InvalidRequestError):
            return None  # there is no such record
        raise
    return None
