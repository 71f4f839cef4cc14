"""What one pay link shows: one invoice, and nothing that leads to another."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from portal.invoices.models import DRAFT, Invoice, InvoiceBalance, PayLink
from portal.invoices.pay_links import find_pay_link
from portal.invoices.queries import balance_of, get_invoice
from portal.organisations.models import Organisation
from portal.pay_page.rules import PAYABLE, page_state
from portal.payments.models import Payment, PaymentAttempt, StripeAccount
from portal.payments.queries import payments_of
from portal.shared import clock
from portal.shared.db import enter
from portal.shared.money import Money

NOBODY = 0  # no organisation and no link has this number


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
    def is_payable(self) -> bool:
        return self.state in PAYABLE


class UnknownLink(Exception):
    """No such link, or one that was revoked: nobody learns which."""


class ExpiredLink(Exception):
    """It was good once. Whose it was may be told, what it showed may not."""

    def __init__(self, organisation: Organisation) -> None:
        super().__init__(organisation.id)
        self.organisation = organisation


def open_link(session: Session, token: str) -> PayPage:
    """What a link shows now. Enters its organisation. Raises UnknownLink, ExpiredLink."""
    link, organisation, is_processing, takes_cards = _find(session, token)
    if link.expires_at <= clock.now():
        raise ExpiredLink(organisation)
    invoice = get_invoice(session, link.invoice_id)
    if invoice.status == DRAFT:
        raise UnknownLink
    balance = balance_of(invoice)
    state = page_state(
        invoice.status, total=invoice.total, balance=balance.balance, due_on=invoice.due_on,
        today=clock.today(organisation.time_zone), is_processing=is_processing, takes_cards=takes_cards,
    )  # fmt: skip
    payments = payments_of(session, invoice.id) if balance.paid_minor else []
    return PayPage(link, organisation, invoice, balance, payments, state)


def find_attempt(session: Session, public_id: str) -> tuple[int, int] | None:
    """(organisation id, attempt id) of the id in a return address, across organisations."""
    row = session.execute(
        text("SELECT organisation_id, attempt_id FROM gate.payment_attempt(:id)"), {"id": public_id}
    ).one_or_none()
    return (row.organisation_id, row.attempt_id) if row else None


def _find(session: Session, token: str) -> tuple[PayLink, Organisation, bool, bool]:
    """The link, whose it is, whether a payment is under way, whether cards are taken.

    Unknown, malformed and revoked tokens cost the same work and end the same: UnknownLink.
    """
    organisation_id, link_id = find_pay_link(session, token) or (NOBODY, NOBODY)
    enter(session, organisation_id)
    processing = select(PaymentAttempt.id).where(
        PaymentAttempt.invoice_id == PayLink.invoice_id, PaymentAttempt.state == "processing"
    )
    cards = select(StripeAccount.id).where(StripeAccount.closed_at.is_(None))
    row = session.execute(
        select(PayLink, Organisation, processing.exists(), cards.exists())
        .join(Organisation, Organisation.id == PayLink.organisation_id)
        .where(PayLink.id == link_id, PayLink.revoked_at.is_(None))
    ).one_or_none()
    if row is None:
        raise UnknownLink
    return row[0], row[1], row[2], row[3]
