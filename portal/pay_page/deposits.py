"""What the link to a deposit shows: one request, what has come of it, and nothing that leads to anything else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from portal.customers.models import Customer
from portal.invoices.models import PayLink
from portal.invoices.pay_links import enter_by_token
from portal.organisations.models import Organisation
from portal.pay_page.queries import NO_LINK, ExpiredLink, UnknownLink, day_of
from portal.payments.chargeable import unfit_for_cards
from portal.payments.debits import debit_for
from portal.payments.deposit_queries import left_of
from portal.payments.deposits import Deposit, DepositRequest
from portal.payments.models import Payment, PaymentAttempt, PaymentReversal, StripeAccount
from portal.payments.received import HAS_REFUNDS, TakenBack, not_reached, told_of
from portal.payments.refunds.went_back import Gone, WentBack, all_ways, gone_of, ways_of
from portal.payments.uses import PaymentUse
from portal.shared import clock
from portal.shared.money import Money
from portal.work_orders.models import WorkOrder


class DepositPaid(NamedTuple):
    """What came for it. taken_back: None as long as it counts. not_reached: as payments.received says."""

    payment: Payment
    use: PaymentUse
    taken_back: TakenBack | None
    went: Sequence[WentBack]
    not_reached: Money

    @property
    def brought(self) -> Money:
        return self.payment.taken


@dataclass(frozen=True)
class DepositPage:
    """A link to a deposit, opened.

    state  processing | paid | refunded | withdrawn | billed | too_small | too_large | not_exact | no_cards | to_pay
    debit  the bank debit that it can be paid by, too
    refused_on  the day on which a bank refused a debit for it, as long as nothing has been paid since
    """

    link: PayLink
    organisation: Organisation
    request: DepositRequest
    job: str
    customer: Customer
    left: Money
    payments: Sequence[DepositPaid]
    state: str
    debit: str
    refused_on: date | None

    @property
    def language(self) -> str:
        return self.customer.language

    @property
    def is_payable(self) -> bool:
        return self.state == "to_pay"

    @property
    def counted(self) -> Sequence[DepositPaid]:
        return [each for each in self.payments if each.taken_back is None]

    @property
    def taken(self) -> Money:
        return Money.total((each.payment.taken for each in self.counted), self.request.currency)

    @property
    def is_used(self) -> bool:
        """All that is kept of it pays invoices by now."""
        return bool(self.counted) and not any(each.use.unused_minor for each in self.counted)

    @property
    def went_back(self) -> Sequence[WentBack]:
        """What of it went back to the customer, each way by itself."""
        return all_ways(self.counted)

    @property
    def not_reached(self) -> Money:
        return Money.total((each.not_reached for each in self.counted), self.request.currency)

    @property
    def shown(self) -> str:
        """What the customer agrees to by tapping Pay."""
        return f"{self.left.minor}.{self.left.currency}.d{self.request.id}"


def open_deposit_link(session: Session, token: str, *, to_look: bool = False) -> DepositPage:
    """Enters its organisation. Raises UnknownLink, ExpiredLink.

    to_look  nothing will be written in this transaction
    """
    link_id = enter_by_token(session, token, to_look=to_look) or NO_LINK
    found = session.execute(
        select(PayLink, Organisation, DepositRequest, WorkOrder, Customer, _IS_PROCESSING, _DEBIT, _REFUSED_AT)
        .join(Organisation, Organisation.id == PayLink.organisation_id)
        .join(DepositRequest, DepositRequest.id == PayLink.deposit_request_id)
        .join(WorkOrder, WorkOrder.id == DepositRequest.work_order_id)
        .join(Customer, Customer.id == DepositRequest.customer_id)
        .where(PayLink.id == link_id, PayLink.revoked_at.is_(None))
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise UnknownLink
    link, organisation, request, job, customer, is_processing, debit, refused_at = found
    left, payments = left_of(session, request), _payments(session, request)
    is_asked = request.closed_at is None and job.status != "Cancelled" and job.customer_id == request.customer_id
    state = "processing" if is_processing else _state(request, left, payments, debit, is_asked=is_asked)
    is_over = bool(payments) and state in ("paid", "refunded", "withdrawn", "billed")  # a receipt for ever
    if link.expires_at <= clock.now() and not is_over:
        raise ExpiredLink(organisation, customer.language)
    offered = debit_for(debit or "", request.currency)
    return DepositPage(
        link, organisation, request, job.title, customer, left, payments, state, offered,
        day_of(refused_at, organisation),
    )  # fmt: skip


_IS_PROCESSING = exists(
    select(PaymentAttempt.id).where(
        PaymentAttempt.deposit_request_id == DepositRequest.id, PaymentAttempt.state == "processing"
    )
).label("is_processing")
_DEBIT = select(StripeAccount.debit).where(StripeAccount.closed_at.is_(None)).scalar_subquery().label("debit")


_later = aliased(PaymentAttempt)
_REFUSED_AT = (
    select(PaymentAttempt.settled_at)
    .where(
        PaymentAttempt.deposit_request_id == DepositRequest.id, PaymentAttempt.state == "failed",
        PaymentAttempt.debit != "", PaymentAttempt.session_id.is_not(None),
        ~exists(
            select(_later.id).where(
                _later.deposit_request_id == DepositRequest.id, _later.id > PaymentAttempt.id,
                _later.state.in_(("paid", "processing")),
            )
        ),
    )
    .order_by(PaymentAttempt.id.desc())
    .limit(1)
    .correlate(DepositRequest)
    .scalar_subquery()
)  # fmt: skip


def _state(
    request: DepositRequest, left: Money, payments: Sequence[DepositPaid], debit: str | None, *, is_asked: bool
) -> str:  # fmt: skip
    counted = [each.use for each in payments if each.taken_back is None]
    if counted and all(use.refunded_minor == use.amount_minor for use in counted):
        return "refunded"
    if not left:
        return "paid"
    if not is_asked:
        return "billed" if request.closed_as == "billed" else "withdrawn"
    return unfit_for_cards(left) or ("to_pay" if debit is not None else "no_cards")


def _payments(session: Session, request: DepositRequest) -> Sequence[DepositPaid]:
    """Oldest first."""
    rows = session.execute(
        select(Payment, PaymentUse, PaymentReversal, HAS_REFUNDS)
        .join(Deposit, Deposit.payment_id == Payment.id)
        .join(PaymentUse, PaymentUse.payment_id == Payment.id)
        .outerjoin(PaymentReversal, PaymentReversal.payment_id == Payment.id)
        .where(Deposit.deposit_request_id == request.id)
        .order_by(Payment.id)
    ).all()
    refunded = [row.PaymentUse for row in rows if row.has_refunds]
    gone = gone_of(session, refunded) if refunded else {}
    return [_paid(payment, use, told_of(reversal), gone.get(payment.id, [])) for payment, use, reversal, _ in rows]


def _paid(payment: Payment, use: PaymentUse, taken_back: TakenBack | None, gone: Sequence[Gone]) -> DepositPaid:
    return DepositPaid(payment, use, taken_back, ways_of(payment, gone), not_reached(gone, use.left - use.unused))
