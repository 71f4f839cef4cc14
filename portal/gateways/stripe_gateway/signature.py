"""Is a webhook Stripe's own? Decided on the raw bytes, in the request, with every secret that is still good."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import stripe

from portal.shared import clock
from portal.shared.text import clean

_TOLERANCE_S = 300


class ForgedEvent(Exception):
    """Unsigned, signed by somebody else, altered, too old, or dated in the future."""


@dataclass(frozen=True)
class SignedEvent:
    """What we keep of an event: which object it is about. Its data is fetched again, so no personal data is kept.

    It came signed, or was fetched from Stripe by us.
    """

    id: str
    kind: str
    is_live: bool
    object_id: str
    object_kind: str
    metadata: Mapping[str, str]

    @property
    def facts(self) -> dict[str, Any]:
        """For storing."""
        return {
            "livemode": self.is_live, "object": self.object_kind, "object_id": self.object_id,
            "metadata": dict(self.metadata),
        }  # fmt: skip


def verify_event(raw: bytes, header: str, secrets: Sequence[str]) -> SignedEvent:
    """The event in `raw`. Raises ForgedEvent.

    header   Stripe-Signature as it came
    secrets  each may have signed: two are good while one replaces the other
    """
    if not any(_is_signed(raw, header, secret) for secret in secrets):
        raise ForgedEvent("no signature of ours")
    try:
        return read_event(json.loads(raw))
    except (ValueError, AttributeError, KeyError, TypeError) as problem:
        raise ForgedEvent("not an event") from problem


def _is_signed(raw: bytes, header: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(raw, header, secret, _TOLERANCE_S)
        signed_at, _signatures = stripe.WebhookSignature._get_timestamp_and_signatures(header, "v1")
    except (stripe.SignatureVerificationError, ValueError, AttributeError):
        return False
    # The library refuses what is old, not what is dated ahead: such a one could be replayed for years.
    return bool(signed_at <= clock.now().timestamp() + _TOLERANCE_S)


def read_event(event: Mapping[str, Any]) -> SignedEvent:
    """Raises AttributeError, KeyError, TypeError, ValueError for what is no event."""
    about = event["data"]["object"]
    metadata = {clean(str(name)): clean(str(value)) for name, value in (about.get("metadata") or {}).items()}
    return SignedEvent(
        id=clean(str(event["id"]))[:120], kind=clean(str(event["type"]))[:80], is_live=bool(event["livemode"]),
        object_id=clean(str(about.get("id") or ""))[:120], object_kind=clean(str(about["object"]))[:80],
        metadata=metadata,
    )  # fmt: skip
