"""Customers at Stripe and the cards that it keeps for them."""

from collections.abc import Mapping

import stripe

from portal.gateways.errors import GatewayError
from portal.gateways.stripe_gateway.calls import Client, Parameters
from portal.gateways.stripe_gateway.errors import translated


def create_customer(client: Client, *, key: str, name: str, email: str, metadata: Mapping[str, str]) -> str:
    """Its id at Stripe (cus_…). The same key and facts give the same customer. Raises GatewayError."""
    parameters: Parameters = {"metadata": dict(metadata)}
    parameters |= {field: value for field, value in (("name", name), ("email", email)) if value}
    with translated():
        return str(client.v1.customers.create(parameters, {"idempotency_key": key}).id)


def forget_card(client: Client, payment_method_id: str) -> None:
    """Detach it from its customer, for ever. One that is gone already is as good. Raises GatewayError."""
    try:
        with translated():
            client.v1.payment_methods.detach(payment_method_id)
    except GatewayError as problem:
        refusal = problem.__cause__
        if not (isinstance(refusal, stripe.InvalidRequestError) and refusal.http_status in (400, 404)):
            raise
