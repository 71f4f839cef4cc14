"""Stripe's errors as ours. Provider messages are technical, so people read our words; the log gets the request id."""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import stripe

from portal.gateways.errors import GatewayError

log = logging.getLogger(__name__)

_RIGHTS = (
    "Checkout Sessions, Customers, Payment Methods, PaymentIntents, Refunds, Webhook Endpoints: write; "
    "Charges, Disputes, Events, Payouts, Balance transactions: read"
)
# Stripe's sentence names the right by its own word, for example rak_payout_read.
_RIGHT = re.compile(r"rak_(\w+)_(read|write)")
_CALLED = {
    "checkout_session": "Checkout Sessions", "webhook": "Webhook Endpoints", "payment_intent": "PaymentIntents",
    "balance_transaction": "Balance transactions",
}  # fmt: skip


@contextmanager
def translated() -> Iterator[None]:
    """Raises GatewayError for whatever Stripe's library raises inside."""
    try:
        yield
    except stripe.StripeError as problem:
        error = _translate(problem)
        log.warning(
            "stripe said no",
            extra={"code": error.code, "status": problem.http_status, "stripe_request": problem.request_id},
        )
        raise error from problem
    except (AttributeError, KeyError, TypeError, ValueError) as problem:
        # The library itself stumbles over bodies that are JSON but not Stripe's, such as a proxy's.
        log.warning("stripe's answer could not be read", exc_info=problem)
        words = "Stripe's answer could not be read. Try again in a minute."
        raise GatewayError(words, retryable=True, unknown=True) from problem


def _translate(problem: stripe.StripeError) -> GatewayError:
    code = problem.code or type(problem).__name__
    if isinstance(problem, stripe.AuthenticationError):
        return GatewayError("Stripe does not know this key. Copy it again from Stripe.", retryable=False, code=code)
    if isinstance(problem, stripe.PermissionError):
        return GatewayError(words_of_missing([str(problem)]), retryable=False, code=code)
    if isinstance(problem, stripe.RateLimitError):
        return GatewayError("Stripe is busy. Try again in a minute.", retryable=True, code=code)
    if isinstance(problem, stripe.APIConnectionError) or (problem.http_status or 500) in (409, *range(500, 600)):
        return _no_answer(problem, code)
    return GatewayError("Stripe refused the request.", retryable=False, code=code)


def words_of_missing(said: Sequence[str]) -> str:
    """said: Stripe's sentence for each right that is missing."""
    named = [_right(match) for each in said if (match := _RIGHT.search(each)) is not None]
    if not named:
        return f"The Stripe key lacks a right. Give it {_RIGHTS}."
    lacks = "a right" if len(named) == 1 else "rights"
    return f"The Stripe key lacks {lacks}: {'; '.join(named)}. In all it needs {_RIGHTS}."


def _right(named: re.Match[str]) -> str:
    what = _CALLED.get(named[1], named[1].replace("_", " ").capitalize() + "s")
    return f"{what}, {named[2]}"


def _no_answer(problem: stripe.StripeError, code: str) -> GatewayError:
    # Stripe stores even a 500 under the idempotency key: asking again with that key brings the same 500 for ever.
    headers = {name.lower(): value for name, value in (problem.headers or {}).items()}
    is_stored = headers.get("idempotent-replayed") == "true"
    words = "Stripe did not answer. Try again in a minute."
    return GatewayError(words, retryable=not is_stored, unknown=True, code=code)
