"""What Stripe sends to the firm's bank, and of which entries it is made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from portal.gateways.stripe_gateway.amounts import from_stripe
from portal.gateways.stripe_gateway.calls import Client, Parameters
from portal.gateways.stripe_gateway.errors import translated
from portal.shared.money import Money

_A_PAGE = 100
# Only what the payout's own entry takes out of the account; all else is what it is made of.
_ITSELF = "payout"


@dataclass(frozen=True)
class SeenPayout:
    """A payout as it is at Stripe.

    state          pending, in_transit, paid, failed, canceled
    is_automatic   only of such a one does Stripe tell the entries
    is_reconciled  its entries are all known
    """

    id: str
    amount: Money
    state: str
    arrives_on: date
    made_at: datetime
    is_automatic: bool
    is_reconciled: bool
    why: str


@dataclass(frozen=True)
class SeenEntry:
    """One balance transaction. amount below zero leaves the account; net is the amount without the fee.

    payment_id  pi_… of the payment that it is about, empty for what is about none
    source_id   the charge, refund, dispute or payout itself
    """

    id: str
    kind: str
    amount: Money
    net: Money
    happened_at: datetime
    words: str
    payment_id: str
    source_id: str

    @property
    def fee(self) -> Money:
        return self.amount - self.net


def retrieve_payout(client: Client, payout_id: str) -> SeenPayout:
    """Raises GatewayError."""
    with translated():
        return _read_payout(client.v1.payouts.retrieve(payout_id).to_dict())


def list_payouts(client: Client, since: datetime) -> Iterator[list[SeenPayout]]:
    """Page by page, newest first: those made since then. Raises GatewayError."""
    for rows in _pages(client.v1.payouts.list, {"created": {"gte": int(since.timestamp())}}):
        yield [_read_payout(raw) for raw in rows]


def list_entries(client: Client, payout_id: str) -> Iterator[list[SeenEntry]]:
    """Page by page: of what an automatic payout is made. Raises GatewayError."""
    for rows in _pages(client.v1.balance_transactions.list, {"payout": payout_id, "expand": ["data.source"]}):
        yield [_read_entry(raw) for raw in rows if raw["type"] != _ITSELF]


def _pages(listing: Any, parameters: Parameters) -> Iterator[list[dict[str, Any]]]:
    parameters = {**parameters, "limit": _A_PAGE}
    while True:
        with translated():
            page = listing(parameters)
            rows = [each.to_dict() for each in page.data]
        yield rows
        if not page.has_more or not rows:
            return
        parameters = {**parameters, "starting_after": rows[-1]["id"]}


def _read_payout(raw: Mapping[str, Any]) -> SeenPayout:
    failed = raw["status"] in ("failed", "canceled")
    return SeenPayout(
        raw["id"], from_stripe(raw["amount"], raw["currency"]), raw["status"],
        datetime.fromtimestamp(raw["arrival_date"], UTC).date(), datetime.fromtimestamp(raw["created"], UTC),
        bool(raw["automatic"]), raw["reconciliation_status"] == "completed",
        str(raw.get("failure_code") or raw["status"]).replace("_", " ") if failed else "",
    )  # fmt: skip


def _read_entry(raw: Mapping[str, Any]) -> SeenEntry:
    source = raw.get("source")
    details = source if isinstance(source, Mapping) else {}
    intent = details.get("payment_intent") or ""
    return SeenEntry(
        raw["id"], raw["type"], from_stripe(raw["amount"], raw["currency"]), from_stripe(raw["net"], raw["currency"]),
        datetime.fromtimestamp(raw["created"], UTC), str(raw.get("description") or ""),
        str(intent["id"] if isinstance(intent, Mapping) else intent),
        str(details.get("id") or (source if isinstance(source, str) else "")),
    )  # fmt: skip
