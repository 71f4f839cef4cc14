"""The secret addresses by which customers see one invoice: one per sending, found by digest, revocable one by one."""

import hashlib
import secrets
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from portal.invoices.models import Invoice, PayLink
from portal.shared import clock
from portal.shared.db import note_entered
from portal.shared.vault import Vault

_PURPOSE = "pay_link"
_LONGEST_DAYS = 180
# Found and entered in one go: the pay page's time is mostly round trips.
_ENTER_BY_TOKEN = text(
    "SELECT organisation_id, pay_link_id, set_config('app.organisation_id', organisation_id::text, true)"
    " FROM gate.pay_link(:digest)"
)
# For a look that writes nothing, and the database holds it to that. What is read next is found by one id, however much
# there is of it, so PostgreSQL need not plan it anew each time (which takes five times as long as running it).
_ENTER_TO_LOOK = text(
    "SELECT organisation_id, pay_link_id, set_config('app.organisation_id', organisation_id::text, true),"
    " set_config('transaction_read_only', 'on', true), set_config('plan_cache_mode', 'force_generic_plan', true)"
    " FROM gate.pay_link(:digest)"
)


def make_pay_link(
    session: Session, invoice: Invoice, vault: Vault, *, channel: str, pay_link_days: int,
    sent_to: str = "", created_by: int | None = None,
) -> tuple[PayLink, str]:  # fmt: skip
    """A new link and its secret token (43 characters, 256 bits), which nobody can find in the database again.

    pay_link_days  how long after the due date the link lives
    """
    now = clock.now()
    due = datetime.combine(invoice.due_on or now.date(), time.max, UTC)
    return _make(
        session, vault, invoice.organisation_id, invoice_id=invoice.id, channel=channel, sent_to=sent_to,
        created_by=created_by, expires_at=_expiry(max(due, now), pay_link_days),
    )  # fmt: skip


def make_deposit_link(
    session: Session, organisation_id: int, deposit_request_id: int, vault: Vault, *, channel: str, pay_link_days: int,
    sent_to: str = "", created_by: int | None = None,
) -> tuple[PayLink, str]:  # fmt: skip
    """The same to a request for a deposit; pay_link_days from now."""
    return _make(
        session, vault, organisation_id, deposit_request_id=deposit_request_id, channel=channel, sent_to=sent_to,
        created_by=created_by, expires_at=_expiry(clock.now(), pay_link_days),
    )  # fmt: skip


def reveal_token(link: PayLink, vault: Vault) -> str:
    """The secret again, for the screen that shows the QR code. Raises CannotOpen."""
    return vault.open(link.token_sealed, organisation_id=link.organisation_id, purpose=_PURPOSE)


def enter_by_token(session: Session, token: str, *, to_look: bool = False) -> int | None:
    """Enter the organisation of a token, found across organisations. Its link's id; None for an unknown one.

    to_look  nothing will be written in this transaction
    """
    row = session.execute(_ENTER_TO_LOOK if to_look else _ENTER_BY_TOKEN, {"digest": _digest(token)}).one_or_none()
    if row is None:
        return None
    note_entered(session, row.organisation_id)
    return int(row.pay_link_id)


def latest_screen_link(session: Session, invoice_id: int) -> PayLink | None:
    """The link shown on the technician's screen, while it lives."""
    return session.scalars(
        select(PayLink)
        .where(
            PayLink.invoice_id == invoice_id, PayLink.channel == "screen", PayLink.is_joint.is_(False),
            PayLink.revoked_at.is_(None), PayLink.expires_at > clock.now(),
        )
        .order_by(PayLink.id.desc())
        .limit(1)
    ).first()  # fmt: skip


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _make(session: Session, vault: Vault, organisation_id: int, **facts: Any) -> tuple[PayLink, str]:
    token = secrets.token_urlsafe(32)
    link = PayLink(
        organisation_id=organisation_id, token_digest=_digest(token),
        token_sealed=vault.seal(token, organisation_id=organisation_id, purpose=_PURPOSE), **facts,
    )  # fmt: skip
    session.add(link)
    return link, token


def _expiry(begins: datetime, pay_link_days: int) -> datetime:
    """begins: the due date, or now for what is overdue: a link that is sent is never dead on arrival."""
    return min(begins + timedelta(days=pay_link_days), clock.now() + timedelta(days=_LONGEST_DAYS))
