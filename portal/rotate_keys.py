"""`portal rotate-keys`: seal every kept secret with the newest key, so that an older one may be taken away."""

import sys
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from portal.accounting.models import Consent
from portal.accounting.tokens import ACCESS_PURPOSE, REFRESH_PURPOSE
from portal.config import read_settings
from portal.invoices.models import PayLink
from portal.messages.models import Message, SmsAccount
from portal.messages.texts import TOKEN_PURPOSE
from portal.payments.models import StripeAccount
from portal.shared import running
from portal.shared.vault import CannotOpen, Vault

_SEALED: tuple[tuple[Any, str, str], ...] = (
    (Consent, "refresh_token_sealed", REFRESH_PURPOSE),
    (Consent, "access_token_sealed", ACCESS_PURPOSE),
    (StripeAccount, "key_sealed", "stripe_key"),
    (StripeAccount, "webhook_secrets_sealed", "stripe_webhook"),
    (PayLink, "token_sealed", "pay_link"),
    (Message, "body_sealed", "message"),
    (SmsAccount, "token_sealed", TOKEN_PURPOSE),
)
_AT_ONCE = 500


def rotate_keys() -> int:
    """Prints what was done. 0 when nothing sealed with an older key is left, 1 when something could not be opened."""
    running.start(read_settings())
    done, lost = rotate_all()
    sys.stdout.write(f"{done} secrets are sealed with {running.here().settings.vault.current} now.\n")
    if lost:
        sys.stdout.write(f"{lost} could not be opened with any key of PORTAL_VAULT_KEYS. They are left as they are.\n")
    return 1 if lost else 0


def rotate_all() -> tuple[int, int]:
    """(sealed anew, not to be opened), every organisation in its own transactions."""
    with running.job_session(None) as session:
        organisations = list(session.scalars(text("SELECT gate.every_organisation()")))
    counts = [_rotate_in(organisation_id) for organisation_id in organisations]
    return sum(done for done, _ in counts), sum(lost for _, lost in counts)


def _rotate_in(organisation_id: int) -> tuple[int, int]:
    vault, done, lost = running.here().settings.vault, 0, 0
    for model, column, purpose in _SEALED:
        for ids in _batches(organisation_id, model, column, vault):
            with running.job_session(organisation_id) as session:
                for row in session.scalars(select(model).where(model.id.in_(ids)).with_for_update()):
                    try:
                        setattr(row, column, _again(vault, getattr(row, column), organisation_id, purpose))
                        done += 1
                    except CannotOpen:
                        lost += 1
    return done, lost


def _again(vault: Vault, sealed: str, organisation_id: int, purpose: str) -> str:
    secret = vault.open(sealed, organisation_id=organisation_id, purpose=purpose)
    return vault.seal(secret, organisation_id=organisation_id, purpose=purpose)


def _batches(organisation_id: int, model: Any, column: str, vault: Vault) -> Iterator[list[int]]:
    """Ids of what another key sealed; nothing for what is erased."""
    last = 0
    while True:
        with running.job_session(organisation_id) as session:
            ids = _next(session, model, getattr(model, column), vault, last)
        if not ids:
            return
        yield ids
        last = ids[-1]


def _next(session: Session, model: Any, column: Any, vault: Vault, last: int) -> list[int]:
    older = select(model.id).where(column != "", ~column.startswith(f"{vault.current}."), model.id > last)
    return list(session.scalars(older.order_by(model.id).limit(_AT_ONCE)))
