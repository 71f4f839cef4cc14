"""Whatever Stripe answers, callers learn the one thing they need: again, never, or look first."""

from collections.abc import Iterator

import pytest
import responses

from portal.gateways import stripe_gateway
from portal.gateways.errors import GatewayError

BASE = "https://stripe.test"
SESSION = f"{BASE}/v1/checkout/sessions/cs_1"


@pytest.fixture
def stripe_edge() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as edge:
        yield edge


def ask() -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        stripe_gateway.retrieve_session(stripe_gateway.client_for("rk_test_1", BASE, retries=0), "cs_1")
    return caught.value


def problem(code: str = "", message: str = "secret words of theirs") -> dict[str, object]:
    return {"error": {"type": "invalid_request_error", "code": code, "message": message}}


@pytest.mark.parametrize(
    ("status", "retryable", "unknown"),
    [(400, False, False), (401, False, False), (403, False, False), (404, False, False), (409, True, True),
     (429, True, False), (500, True, True), (503, True, True)],
)  # fmt: skip
def test_each_status_says_what_to_do(
    stripe_edge: responses.RequestsMock, status: int, retryable: bool, unknown: bool
) -> None:
    stripe_edge.get(SESSION, json=problem("some_code"), status=status)
    error = ask()
    assert (error.retryable, error.unknown) == (retryable, unknown)
    assert "secret words" not in error.words


def test_a_failure_kept_under_the_key_is_not_asked_for_again(stripe_edge: responses.RequestsMock) -> None:
    stripe_edge.get(SESSION, json=problem(), status=500, headers={"Idempotent-Replayed": "true"})
    assert ask().retryable is False


@pytest.mark.parametrize("body", ["", "<html>Bad gateway</html>", "[]", '{"error": "no object"}'])
def test_an_answer_that_is_none_is_unknown(stripe_edge: responses.RequestsMock, body: str) -> None:
    stripe_edge.get(SESSION, body=body, status=502)
    assert ask().unknown


def test_a_dead_line_is_unknown() -> None:
    with pytest.raises(GatewayError) as caught:
        stripe_gateway.retrieve_session(stripe_gateway.client_for("rk_test_1", "http://127.0.0.1:9", retries=0), "cs_1")
    assert caught.value.retryable and caught.value.unknown


@pytest.mark.parametrize(
    "body", ["null", "[]", '{"id": "cs_1"}', '{"id": "cs_1", "status": "complete", "livemode": 1}']
)
def test_a_good_status_with_a_strange_body_is_unknown(stripe_edge: responses.RequestsMock, body: str) -> None:
    stripe_edge.get(SESSION, body=body, status=200)
    assert ask().unknown
