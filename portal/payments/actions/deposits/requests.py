"""Asking for a deposit before the work: by a link of the customer's own, sent, sent again, withdrawn."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.payments import queries
from portal.payments.actions.deposits.sending import CannotAsk, Way, send_request
from portal.payments.actions.deposits.worth import most_to_ask
from portal.payments.actions.releases import release_deposit, request_out_of_hands
from portal.payments.chargeable import other_ways
from portal.payments.deposit_queries import get_request, open_request
from portal.payments.deposits import DepositRequest
from portal.shared import clock, formats
from portal.shared.errors import FormUsed
from portal.shared.money import Money
from portal.shared.running import job_session
from portal.work_orders.models import WorkOrder


def ask_deposit(
    session: Session, organisation: Organisation, job: WorkOrder, amount: Money, way: Way, *, by: int, form_id: str
) -> DepositRequest:  # fmt: skip
    """Ask the job's customer for it, by a link. The same form twice is one request. Does not commit.

    Raises CannotAsk, FormUsed.
    """
    session.get_one(WorkOrder, job.id, with_for_update=True)
    known = session.scalars(select(DepositRequest).where(DepositRequest.form_id == form_id)).one_or_none()
    is_same = known is not None and (known.work_order_id, known.amount) == (job.id, amount)
    if known is not None and is_same:
        return known
    if known is not None and known.closed_at is not None:
        raise FormUsed(f"a deposit of {formats.money(known.amount, organisation.locale)} was asked for")
    if not job.is_open:
        raise CannotAsk(f"This job is {job.status}: a deposit is asked for before the work. Send its invoice instead.")
    asked = open_request(session, job.id)
    if asked is not None:
        raise CannotAsk(
            f"A deposit of {formats.money(asked.amount, organisation.locale)} is asked for already. Withdraw that one"
            " first, or send its link once more."
        )
    if queries.live_account(session) is None:
        raise CannotAsk("Card payment is not set up yet. An administrator connects Stripe under Settings.")
    unfit = other_ways(amount)
    if unfit:
        raise CannotAsk(unfit, field="asked")
    most = most_to_ask(session, organisation, job)
    if most is not None and amount > most:
        shown = formats.money(most, organisation.locale)
        words = f"That is more than the job: {shown} is left of it, with tax. Ask for that at most."
        raise CannotAsk(words, field="asked")
    request = DepositRequest(
        organisation_id=organisation.id, work_order_id=job.id, customer_id=job.customer_id, amount_minor=amount.minor,
        currency=amount.currency, email=session.get_one(Customer, job.customer_id).email, asked_by=by, form_id=form_id,
    )  # fmt: skip
    session.add(request)
    session.flush()
    words = f"Deposit of {formats.money(amount, organisation.locale)} asked for"
    audit.note(session, organisation.id, "deposit asked for", "work_order", job.id, words=words)
    send_request(session, organisation, request, Way("screen"), by=by)
    if way.channel != "screen":
        send_request(session, organisation, request, way, by=by)
    return request


def withdraw_request(organisation_id: int, work_order_id: int, request_id: int) -> None:
    """Nobody can pay it afterwards: its page is closed at Stripe first. Safe to repeat.

    Calls Stripe between short transactions of its own. Raises NotFound, and what release_deposit raises.
    """
    release_deposit(organisation_id, request_id)
    with job_session(organisation_id) as session:
        request = get_request(session, work_order_id, request_id)
        if request.closed_at is not None:
            return
        request_out_of_hands(session, work_order_id)
        request.closed_at, request.closed_as = clock.now(), "withdrawn"
        words = "The deposit is not asked for any more"
        audit.note(session, organisation_id, "deposit withdrawn", "work_order", work_order_id, words=words)
