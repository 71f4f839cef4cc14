"""The only code that speaks to Stripe. Plain values in and out; everything that goes wrong is a GatewayError."""

from portal.gateways.stripe_gateway.amounts import CannotCharge, from_stripe, to_stripe
from portal.gateways.stripe_gateway.answers import Account, Checkout, Endpoint, KeptCard, Receipt
from portal.gateways.stripe_gateway.calls import (
    LISTENED_TO,
    CheckoutOrder,
    Client,
    client_for,
    create_endpoint,
    create_session,
    delete_endpoint,
    expire_session,
    move_endpoint,
    retrieve_account,
    retrieve_session,
)
from portal.gateways.stripe_gateway.listing import list_events
from portal.gateways.stripe_gateway.off_session import (
    ChargeOrder,
    SeenCharge,
    cancel_charge,
    confirm_charge,
    create_charge,
    retrieve_charge,
)
from portal.gateways.stripe_gateway.payouts import (
    SeenEntry,
    SeenPayout,
    list_entries,
    list_payouts,
    retrieve_payout,
)
from portal.gateways.stripe_gateway.refunds import (
    SeenDispute,
    SeenRefund,
    create_refund,
    list_refunds,
    retrieve_dispute,
    retrieve_refund,
)
from portal.gateways.stripe_gateway.rights import check_rights
from portal.gateways.stripe_gateway.saved_cards import create_customer, forget_card, has_customer, retrieve_card
from portal.gateways.stripe_gateway.signature import ForgedEvent, SignedEvent, verify_event

__all__ = [
    "LISTENED_TO",
    "Account",
    "CannotCharge",
    "ChargeOrder",
    "Checkout",
    "CheckoutOrder",
    "Client",
    "Endpoint",
    "ForgedEvent",
    "KeptCard",
    "Receipt",
    "SeenCharge",
    "SeenDispute",
    "SeenEntry",
    "SeenPayout",
    "SeenRefund",
    "SignedEvent",
    "cancel_charge",
    "check_rights",
    "client_for",
    "confirm_charge",
    "create_charge",
    "create_customer",
    "create_endpoint",
    "create_refund",
    "create_session",
    "delete_endpoint",
    "expire_session",
    "forget_card",
    "from_stripe",
    "has_customer",
    "list_entries",
    "list_events",
    "list_payouts",
    "list_refunds",
    "move_endpoint",
    "retrieve_account",
    "retrieve_card",
    "retrieve_charge",
    "retrieve_dispute",
    "retrieve_payout",
    "retrieve_refund",
    "retrieve_session",
    "to_stripe",
    "verify_event",
]  # fmt: skip
