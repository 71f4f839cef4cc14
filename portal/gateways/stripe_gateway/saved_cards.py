"""Customers at Stripe and the cards that it keeps for them."""

from collections.abc import Mapping

import stripe

from portal.gateways.errors import GatewayError
from portal.gateways.stripe_gateway.answers import KeptCard, read_kept
from portal.gateways.stripe_gateway.calls import Client, Parameters
from portal.gateways.stripe_gateway.errors import translated


def create_customer(client: Client, *, key: str, name: str, email: str, metadata: Mapping[str, str]) -> str:
    """Its id at Stripe (cus_…). The same key and facts give the same customer. Raises GatewayError."""
    parameters: Parameters = {"metadata": dict(metadata)}
    parameters |= {field: value for field, value in (("name", name), ("email", email)) if value}
    with translated():
        return str(client.v1.customers.create(parameters, {"idempotency_key": key}).id)


def has_customer(client: Client, customer_id: str) -> bool:
    """False where it was deleted there. Raises GatewayError."""
    try:
        with translated():
            return not client.v1.customers.retrieve(customer_id).to_dict().get("deleted")
    except GatewayError as problem:
        if not _is_gone(problem):
            raise
        return False


def retrieve_card(client: Client, payment_method_id: str) -> KeptCard | None:
    """As it is now; None where no customer has it any more. Raises GatewayError."""
    try:
        with translated():
            seen = client.v1.payment_methods.retrieve(payment_method_id).to_dict()
    except GatewayError as problem:
        if not _is_gone(problem):
            raise
        return None
    customer, card = seen.get("customer"), seen.get("card")
    return read_kept(payment_method_id, customer, card) if isinstance(customer, str) and card else None


def forget_card(client: Client, payment_method_id: str) -> None:
    """Detach it from its customer, for ever. One that is gone already is as good. Raises GatewayError."""
    try:
        with translated():
            client.v1.payment_methods.detach(payment_method_id)
    except GatewayError as problem:
        if not _is_gone(problem, 400):
            raise


def _is_gone(problem: GatewayError, *also: int) -> bool:
    refusal = problem.__cause__
    return isinstance(refusal, stripe.InvalidRequestError) and refusal.http_status in (404, *also)
