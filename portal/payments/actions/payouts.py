"""Payouts as Stripe has them: asked about until all their entries are here, and found when nobody told us of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.gateways import stripe_gateway
from portal.gateways.errors import GatewayError
from portal.gateways.stripe_gateway import Client, SeenEntry, SeenPayout
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.payments.actions.accounts import client_of
from portal.payments.models import StripeAccount
from portal.payments.payouts.models import ON_ITS_WAY, SENT_BACK, Payout, PayoutEntry
from portal.shared import clock, formats
from portal.shared.running import job_session

_AT_ONCE = 50
_OVERLAP = timedelta(hours=1)
# Stripe tells us when something happens to a payout; these are for the messages that get lost.
_ON_ITS_WAY_EVERY, _NOT_COMPLETE_EVERY = timedelta(hours=6), timedelta(hours=1)


def take_due_payouts(session: Session) -> list[int]:
    """Payouts that Stripe is to be asked about, each with its next look put off. Does not commit."""
    due = session.scalars(
        select(Payout)
        .where(Payout.look_at <= clock.now())
        .order_by(Payout.look_at)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for payout in due:
        payout.tries += 1
        payout.look_at = clock.now() + min(_NOT_COMPLETE_EVERY * payout.tries, timedelta(days=1))
    return [payout.id for payout in due]


def follow_payout(organisation_id: int, payout_id: int) -> None:
    """Ask how it stands, and for its entries. Raises GatewayError for another try."""
    with job_session(organisation_id) as session:
        payout = session.get_one(Payout, payout_id)
    look_at_payout(organisation_id, payout.stripe_account_id, payout.remote_id)


def look_at_payout(organisation_id: int, account_id: int, remote_id: str) -> bool:
    """One that an event names, or that is due. Opens short transactions around the calls. Raises GatewayError."""
    with job_session(organisation_id) as session:
        client = client_of(session.get_one(StripeAccount, account_id))
    try:
        _read(organisation_id, account_id, client, remote_id)
    except GatewayError as refusal:
        if refusal.retryable:
            raise
        _note_problem(organisation_id, account_id, refusal.words)  # a right that the key lacks: the pages say so
    return True


def _read(organisation_id: int, account_id: int, client: Client, remote_id: str) -> None:
    seen = stripe_gateway.retrieve_payout(client, remote_id)
    with job_session(organisation_id) as session:
        payout = _keep(session, organisation_id, account_id, seen)
        payout_id, is_to_read = payout.id, seen.is_automatic and seen.is_reconciled and not payout.is_complete
    if not is_to_read:
        return
    for page in stripe_gateway.list_entries(client, remote_id):
        with job_session(organisation_id) as session:
            _keep_entries(session, organisation_id, payout_id, page)
    with job_session(organisation_id) as session:
        payout = session.get_one(Payout, payout_id, with_for_update=True)
        payout.is_complete = True
        payout.look_at = clock.now() + _ON_ITS_WAY_EVERY if payout.state in ON_ITS_WAY else None


def sweep_payouts(organisation_id: int, account_id: int) -> None:
    """Note every payout of Stripe's list that we do not know; each is looked at right after. A key that may not read
    them holds up nothing else: the page of payouts says so."""
    began, problem = clock.now(), ""
    with job_session(organisation_id) as session:
        account = session.get_one(StripeAccount, account_id)
        client, since = client_of(account), (account.payouts_read_to or account.created_at) - _OVERLAP
    try:
        for page in stripe_gateway.list_payouts(client, since):
            with job_session(organisation_id) as session:
                for seen in page:
                    _keep(session, organisation_id, account_id, seen)
    except GatewayError as refusal:
        problem = refusal.words
    _note_problem(organisation_id, account_id, problem, read_to=None if problem else began)


def _note_problem(organisation_id: int, account_id: int, problem: str, *, read_to: datetime | None = None) -> None:
    with job_session(organisation_id) as session:
        account = session.get_one(StripeAccount, account_id, with_for_update=True)
        account.payout_problem = problem[:300]
        account.payouts_read_to = read_to or account.payouts_read_to


def _keep(session: Session, organisation_id: int, account_id: int, seen: SeenPayout) -> Payout:
    """The row, as Stripe says now. What came back from the bank stays so, whichever answer arrives last."""
    fresh = insert(Payout).values(
        organisation_id=organisation_id, stripe_account_id=account_id, remote_id=seen.id, currency=seen.amount.currency,
        amount_minor=seen.amount.minor, state="pending", arrives_on=seen.arrives_on, made_at=seen.made_at,
        is_automatic=seen.is_automatic, is_complete=False, why="", look_at=clock.now(), tries=0,
    )  # fmt: skip
    session.execute(fresh.on_conflict_do_nothing())
    payout = session.scalars(select(Payout).where(Payout.remote_id == seen.id).with_for_update()).one()
    if payout.state in SENT_BACK:
        return payout
    if seen.state in SENT_BACK:
        _tell_sent_back(session, payout, seen)
    payout.state, payout.arrives_on, payout.why = seen.state, seen.arrives_on, seen.why[:100]
    is_known = payout.is_complete or not payout.is_automatic
    if is_known or (payout.state in SENT_BACK and not seen.is_reconciled):
        payout.look_at = clock.now() + _ON_ITS_WAY_EVERY if payout.state in ON_ITS_WAY else None
    return payout


def _keep_entries(session: Session, organisation_id: int, payout_id: int, page: Sequence[SeenEntry]) -> None:
    rows = [
        {
            "organisation_id": organisation_id, "payout_id": payout_id, "remote_id": entry.id, "kind": entry.kind[:60],
            "amount_minor": entry.amount.minor, "net_minor": entry.net.minor, "currency": entry.amount.currency,
            "happened_at": entry.happened_at, "words": entry.words[:200],
            "remote_payment_id": entry.payment_id[:80], "source_id": entry.source_id[:80],
        }
        for entry in page
    ]  # fmt: skip
    if rows:
        session.execute(insert(PayoutEntry).values(rows).on_conflict_do_nothing())


def _tell_sent_back(session: Session, payout: Payout, seen: SeenPayout) -> None:
    shown = formats.money(seen.amount, session.get_one(Organisation, payout.organisation_id).locale)
    words = f"The bank sent back {shown}: {seen.why}"
    audit.note(session, payout.organisation_id, "payout sent back", "payout", payout.id, words=words)
