"""What a joint link shows: the invoices it was sent for, and what of them can be paid in one go."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices.balance import Due
from portal.invoices.joint import JointInvoice
from portal.invoices.models import Invoice, InvoiceBalance, PayLink
from portal.invoices.pay_links import enter_by_token
from portal.organisations.models import Organisation
from portal.pay_page.cards import CardOnFile, card_on_file, read_card
from portal.pay_page.queries import NO_LINK, ExpiredLink, UnknownLink
from portal.pay_page.rules import PAYABLE, UNFIT, page_state
from portal.pay_page.standing import FACTS, since_now, standing_of
from portal.payments.chargeable import unfit_for_cards
from portal.payments.credits import credit_sum
from portal.payments.debits import debit_for
from portal.payments.received import Received, received_on
from portal.shared import clock
from portal.shared.money import Money


@dataclass(frozen=True)
class JointRow:
    """One invoice behind the link. state as pay_page.rules.page_state says."""

    invoice: Invoice
    due: Due
    state: str
    debit: str = ""
    has_payments: bool = False  # a payment was put to it once

    @property
    def is_payable(self) -> bool:
        """Together with others, one that cards cannot pay alone can be paid as well."""
        return self.state in (*PAYABLE, *UNFIT)


@dataclass(frozen=True)
class JointPage:
    """A joint link, opened. language: the customer's, "" for the firm's; card: the customer's saved one.

    payments  what its invoices were paid with, oldest first, also what was taken back
    credit    of the customer with the firm, not used: no part of any sum
    """

    link: PayLink
    organisation: Organisation
    customer: Customer
    rows: Sequence[JointRow]
    card: CardOnFile | None = None
    payments: Sequence[Received] = ()
    credit_minor: int = 0

    @property
    def language(self) -> str:
        return self.customer.language

    @property
    def invoice_ids(self) -> Sequence[int]:
        return [row.invoice.id for row in self.rows]

    @property
    def payable(self) -> Sequence[JointRow]:
        rows = [row for row in self.rows if row.is_payable]
        return [] if unfit_for_cards(self._sum(rows)) else rows

    @property
    def to_pay(self) -> Money:
        """What one payment brings in order."""
        return self._sum(self.payable)

    @property
    def open_sum(self) -> Money:
        return Money.total((row.due.balance for row in self.rows if row.due.balance.minor > 0), self.currency)

    @property
    def currency(self) -> str:
        return self.rows[0].invoice.currency

    @property
    def debit(self) -> str:
        return self.rows[0].debit

    @property
    def agreed(self) -> dict[int, Money]:
        return {row.invoice.id: row.due.to_pay for row in self.payable}

    @property
    def not_reached(self) -> Money:
        """What was to go back to the customer, and did not arrive."""
        return Money.total((each.not_reached for each in self.payments), self.currency)

    @property
    def credit(self) -> Money:
        return Money(self.credit_minor, self.currency)

    @property
    def state(self) -> str:
        """to_pay | processing | settled | no_cards | later: what the page says first"""
        if self.payable:
            return "to_pay"
        if not self.open_sum:
            return "settled"
        states = {row.state for row in self.rows}
        return next((each for each in ("processing", "no_cards") if each in states), "later")

    @property
    def shown(self) -> str:
        """What the customer agrees to by tapping Pay."""
        parts = ",".join(f"{row.invoice.id}:{row.due.to_pay.minor}:{row.invoice.revision}" for row in self.payable)
        return f"{self.to_pay.minor}.{self.currency}.{hashlib.sha256(parts.encode()).hexdigest()[:16]}"

    def _sum(self, rows: Sequence[JointRow]) -> Money:
        return Money.total((row.due.to_pay for row in rows), self.currency)


def open_joint_link(session: Session, token: str, *, to_look: bool = False) -> JointPage:
    """In three statements, four where something is paid. Enters its organisation. Raises UnknownLink, ExpiredLink.

    to_look  nothing will be written in this transaction
    """
    link_id = enter_by_token(session, token, to_look=to_look) or NO_LINK
    found = session.execute(
        select(PayLink, Organisation, Customer, card_on_file(), credit_sum(Customer.id, Invoice.currency))
        .join(Organisation, Organisation.id == PayLink.organisation_id)
        .join(Invoice, Invoice.id == PayLink.invoice_id)
        .join(Customer, Customer.id == Invoice.customer_id)
        .where(PayLink.id == link_id, PayLink.revoked_at.is_(None), PayLink.is_joint)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise UnknownLink
    link, organisation, customer, card, credit = found
    rows = _rows(session, link, organisation)
    page = JointPage(link, organisation, customer, rows, read_card(card), _payments(session, rows), int(credit))
    if link.expires_at <= clock.now() and page.open_sum:
        raise ExpiredLink(organisation, customer.language)
    return page


def payable_together(session: Session, organisation: Organisation, customer: Customer, link: PayLink) -> Money:
    """What a joint link that was just made asks for in one go: nothing where none of it can be paid now."""
    session.flush()
    return JointPage(link, organisation, customer, _rows(session, link, organisation)).to_pay


def _payments(session: Session, rows: Sequence[JointRow]) -> Sequence[Received]:
    paid = [row.invoice.id for row in rows if row.has_payments]
    return received_on(session, paid) if paid else ()


def _rows(session: Session, link: PayLink, organisation: Organisation) -> Sequence[JointRow]:
    found = session.execute(
        select(Invoice, InvoiceBalance, *FACTS)
        .join(JointInvoice, JointInvoice.invoice_id == Invoice.id)
        .join(InvoiceBalance, InvoiceBalance.invoice_id == Invoice.id)
        .where(JointInvoice.pay_link_id == link.id)
        .order_by(Invoice.due_on, Invoice.id)
        .execution_options(populate_existing=True),
        since_now(),
    )
    return [
        JointRow(
            row.Invoice,
            Due(row.InvoiceBalance.balance, row.InvoiceBalance.under_way),
            page_state(standing_of(row, organisation)),
            debit_for(row.debit or "", row.Invoice.currency),
            row.has_payments,
        )
        for row in found
    ]
