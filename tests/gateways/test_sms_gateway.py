"""Text messages by Twilio's API: what is asked, what each refusal means, and who may tell of a message."""

from collections.abc import Iterator

import pytest

from portal.gateways import sms_gateway
from portal.gateways.errors import GatewayError
from portal.gateways.sms_gateway import Account, Text
from sandbox.twilio.world import World
from tests.twilio import SENDER, SID, TOKEN, running_twilio

WORDS = Text("+447700900123", "Northgate: £12 – تجربة 🔧 & more", "http://portal.test/sms/k/messages/1/status")


@pytest.fixture
def twilio() -> Iterator[tuple[Account, World]]:
    with running_twilio() as (base, world):
        yield Account(base, SID, TOKEN, SENDER), world


def test_a_message_is_taken_with_its_words_and_found_again(twilio: tuple[Account, World]) -> None:
    account, world = twilio
    assert sms_gateway.check(account) == "A firm"
    assert sms_gateway.find(account, WORDS) is None
    sid = sms_gateway.send(account, WORDS)
    (kept,) = world.messages
    assert (kept["sid"], kept["to"], kept["from"], kept["body"]) == (sid, WORDS.to, SENDER, WORDS.words)
    assert sms_gateway.find(account, WORDS) == sid
    kept["status"] = "undelivered"  # what was lost is no reason not to send it again
    assert sms_gateway.find(account, WORDS) is None


@pytest.mark.parametrize(
    ("fault", "retryable", "unknown"), [("busy", True, False), ("refused", False, False), ("lost", True, True)]
)
def test_what_a_refusal_means(twilio: tuple[Account, World], fault: str, retryable: bool, unknown: bool) -> None:
    account, world = twilio
    world.faults = [fault]
    with pytest.raises(GatewayError) as refused:
        sms_gateway.send(account, WORDS)
    assert (refused.value.retryable, refused.value.unknown) == (retryable, unknown)
    assert WORDS.to not in refused.value.words and len(world.messages) == unknown


def test_a_wrong_token_is_said_so_and_not_repeated(twilio: tuple[Account, World]) -> None:
    account, _world = twilio
    with pytest.raises(GatewayError) as refused:
        sms_gateway.check(Account(account.base, SID, "wrong-secret", SENDER))
    assert not refused.value.retryable and "token" in refused.value.words and "wrong-secret" not in refused.value.words


@pytest.mark.parametrize(
    ("phone", "signature"),
    [("+14158675310", "GvWf1cFY/Q7PnoempGyD5oXAezc="), ("+14158675309", "RSOYDt4T1cUTdK1PDd93/VVr8B8=")],
)
def test_twilios_own_examples_of_signatures_hold(phone: str, signature: str) -> None:
    """From Twilio's documentation and the tests of its libraries."""
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    fields = {"CallSid": "CA1234567890ABCDE", "Digits": "1234", "From": phone, "To": "+18005551212", "Caller": phone}
    assert sms_gateway.is_signed("12345", url, fields, signature)
    assert not sms_gateway.is_signed("12346", url, fields, signature)
    assert not sms_gateway.is_signed("12345", url + "x", fields, signature)
    assert not sms_gateway.is_signed("12345", url, fields | {"Digits": "1235"}, signature)
    assert not sms_gateway.is_signed("12345", url, fields, "")
