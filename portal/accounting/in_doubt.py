"""Documents whose create was never answered, when their organisation is about to be left: it is asked once more. What
it does not say even then goes to no other organisation until a person has looked (belonging.hold_back)."""

import logging
import time
from collections.abc import Sequence

from sqlalchemy import select

from portal.accounting.belonging import DOCUMENTS
from portal.accounting.mirror import lease, plan, record, send
from portal.accounting.mirror.lease import LeaseLost, Turn, held
from portal.accounting.mirror.push import LOOK, Push
from portal.accounting.mirror.remote import STOPS, Remote
from portal.accounting.models import MirrorRecord
from portal.gateways.errors import GatewayError
from portal.gateways.zoho.calls import Line

log = logging.getLogger(__name__)

_PATIENCE_S = 8  # somebody waits for the page meanwhile


def find_out(organisation_id: int) -> None:
    """Ask the organisation that is about to be left. Best effort: what it does not answer stays in doubt.

    Speaks to Zoho, so no transaction may be open.
    """
    until = time.monotonic() + _PATIENCE_S
    turn = lease.take(organisation_id)
    if turn is None:
        return
    try:
        with Line(connect_s=3, answer_s=8) as line:
            remote = Remote(turn, line)
            for record_id in _open(turn):
                if time.monotonic() < until:
                    _ask(turn, remote, record_id)
    except (LeaseLost, GatewayError, *STOPS) as problem:
        log.warning("not all could be asked", extra={"organisation": organisation_id, "reason": type(problem).__name__})
    lease.release(turn)


def _open(turn: Turn) -> Sequence[int]:
    with held(turn) as session:
        return session.scalars(
            select(MirrorRecord.id)
            .where(MirrorRecord.link_id == turn.link_id, MirrorRecord.module.in_(DOCUMENTS))
            .where(MirrorRecord.remote_id.is_(None), MirrorRecord.sending_since.is_not(None))
            .order_by(MirrorRecord.module != "invoice", MirrorRecord.id)
        ).all()


def _ask(turn: Turn, remote: Remote, record_id: int) -> None:
    """Nothing but the look that the next try would have begun with."""
    with held(turn) as session:
        session.get_one(MirrorRecord, record_id).state = "pending"
    push = plan.plan(turn, record_id)
    if isinstance(push, Push) and push.verb == LOOK:
        record.write(turn, push, send.send(remote, push), for_invoice=None)
