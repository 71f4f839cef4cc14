"""Stripe's own record of what happened, for the messages that never reached us. Stripe keeps it for thirty days."""

from collections.abc import Iterator
from datetime import UTC, datetime

from portal.gateways.stripe_gateway.calls import EVENTS, Client, Parameters
from portal.gateways.stripe_gateway.errors import translated
from portal.gateways.stripe_gateway.signature import SignedEvent, read_event

_A_PAGE = 100


def list_events(client: Client, since: datetime) -> Iterator[list[tuple[SignedEvent, datetime]]]:
    """Page by page, newest first: the kinds we listen for, each with when it happened. Raises GatewayError."""
    parameters: Parameters = {
        "created": {"gte": int(since.timestamp())}, "types": list(EVENTS), "limit": _A_PAGE,
    }  # fmt: skip
    while True:
        with translated():
            page = client.v1.events.list(parameters)
            found = [each.to_dict() for each in page.data]
        yield [(read_event(raw), datetime.fromtimestamp(raw["created"], UTC)) for raw in found]
        if not page.has_more or not found:
            return
        parameters = {**parameters, "starting_after": found[-1]["id"]}
