"""What one pay link shows: one invoice, and nothing that leads to another."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Row, bindparam, exists, literal_column, select, text
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from portal.invoices import holds
from portal.invoices.models import DRAFT, Invoice, InvoiceBalance, InvoiceLine, PayLink
from portal.invoices.pay_links import enter_by_token
from portal.invoices.printed import PrintedSum, after_tax, before_net
from portal.organisations.models import Organisation
from portal.pay_page.rules import PAYABLE, page_state
from portal.payments.models import Payment, PaymentAttempt, StripeAccount
from portal.payments.queries import payments_of
from portal.shared import clock
from portal.shared.money import Money

NO_LINK = 0  # no link has this number


@dataclass(frozen=True)
class PayPage:
    """One link, opened. state as pay_page.rules.page_state says."""

    link: PayLink
    organisation: Organisation
    invoice: Invoice
    balance: InvoiceBalance
    payments: Sequence[tuple[Payment, Money]]
    state: str

    @property
    def before_net(self) -> Sequence[PrintedSum]:
        return before_net(self.invoice)

    @property
    def after_tax(self) -> Sequence[PrintedSum]:
        return after_tax(self.invoice)

    @property
    def is_payable(self) -> bool:
        return self.state in PAYABLE


class UnknownLink(Exception):
    """No such link, or one that was revoked: nobody learns which."""


class ExpiredLink(Exception):
    """It was good once. Whose it was may be told, what it showed may not."""

    def __init__(self, organisation: Organisation) -> None:
        super().__init__(organisation.id)
        self.organisation = organisation


def open_link(session: Session, token: str, *, to_look: bool = False) -> PayPage:
    """What a link shows now, in three statements. Enters its organisation. Raises UnknownLink, ExpiredLink.

    to_look  nothing will be written in this transaction
    """
    link, organisation, invoice, balance, is_processing, takes_cards, is_held = _find(session, token, to_look)
    if link.expires_at <= clock.now():
        raise ExpiredLink(organisation)
    if invoice.status == DRAFT:
        raise UnknownLink
    lines = select(InvoiceLine).where(InvoiceLine.invoice_id == invoice.id).order_by(InvoiceLine.position)
    set_committed_value(invoice, "lines", session.scalars(lines).all())
    state = page_state(
        invoice.status, total=invoice.total, balance=balance.balance, due_on=invoice.due_on,
        today=clock.today(organisation.time_zone), is_processing=is_processing, takes_cards=takes_cards,
        is_held=is_held,
    )  # fmt: skip
    payments = payments_of(session, invoice.id) if balance.paid_minor else []
    return PayPage(link, organisation, invoice, balance, payments, state)


def find_attempt(session: Session, public_id: str) -> tuple[int, int] | None:
    """(organisation id, attempt id) of the id in a return address, across organisations."""
    row = session.execute(
        text("SELECT organisation_id, attempt_id FROM gate.payment_attempt(:id)"), {"id": public_id}
    ).one_or_none()
    return (row.organisation_id, row.attempt_id) if row else None


def _find(
    session: Session, token: str, to_look: bool
) -> Row[PayLink, Organisation, Invoice, InvoiceBalance, bool, bool, bool]:
    """The link, whose it is, its invoice and what is left to pay; whether a payment is under way, cards are taken, and
    the firm is looking at it.

    Unknown, malformed and revoked tokens cost the same work and end the same: UnknownLink.
    """
    link_id = enter_by_token(session, token, to_look=to_look) or NO_LINK
    row = session.execute(_OPENED, {"link_id": link_id}).one_or_none()
    if row is None:
        raise UnknownLink
    return row


_OPENED = (
    select(
        PayLink, Organisation, Invoice, InvoiceBalance,
        exists(select(PaymentAttempt.id).where(
            PaymentAttempt.invoice_id == PayLink.invoice_id, PaymentAttempt.state == literal_column("'processing'")
        )),
        exists(select(StripeAccount.id).where(StripeAccount.closed_at.is_(None))),
        holds.stands(),
    )
    .join(Organisation, Organisation.id == PayLink.organisation_id)
    .join(Invoice, Invoice.id == PayLink.invoice_id)
    .join(InvoiceBalance, InvoiceBalance.invoice_id == PayLink.invoice_id)
    .where(PayLink.id == bindparam("link_id"), PayLink.revoked_at.is_(None))
)  # fmt: skip
