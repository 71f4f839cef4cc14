"""How often a stranger may do here what costs us something."""

from dataclasses import dataclass
from datetime import timedelta

from portal.shared import throttle
from portal.shared.web import request_session


@dataclass(frozen=True)
class Limit:
    """`most` times within `window`, which begins with the first time."""

    kind: str
    most: int
    window: timedelta


MISSES = Limit("pay link missed", 30, timedelta(minutes=10))
# A tap leads to the Session that is there, so going back and forth is no harm: this only stops machines, which would
# have us ask Stripe all day. How many Sessions are made, which is what card testers need, is in payments.rules.
TAPS = Limit("pay tapped", 60, timedelta(minutes=10))
RETURNS = Limit("return", 30, timedelta(minutes=10))
# New links: for one who asks, and for one invoice, whoever asks. The second is not told: the answer is always the same.
RENEWALS = Limit("pay link renewed", 10, timedelta(minutes=10))
RENEWALS_OF_INVOICE = Limit("pay links of invoice renewed", 3, timedelta(days=1))
QUESTIONS = Limit("question about invoice", 5, timedelta(days=1))


def is_beyond(limit: Limit, subject: object) -> bool:
    """Counts one more and commits, so that no transaction is open afterwards."""
    session = request_session()
    hits = throttle.hit(session, limit.kind, str(subject), window=limit.window)
    session.commit()
    return hits > limit.most
