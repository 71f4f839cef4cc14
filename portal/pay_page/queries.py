"""What one pay link shows: one invoice, and nothing that leads to another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, bindparam, exists, func, select
from sqlalchemy.orm import Session, load_only
from sqlalchemy.orm.attributes import set_committed_value

from portal.customers.models import Customer
from portal.invoices.credit_notes.models import CreditNote, CreditNoteVoid
from portal.invoices.credit_notes.queries import ListedNote, listed_notes_of
from portal.invoices.grounds import Ground, grounds_of
from portal.invoices.models import DRAFT, SENT, VOID, Invoice, InvoiceBalance, InvoiceLine, PayLink
from portal.invoices.pay_links import enter_by_token
from portal.invoices.printed import PrintedSum, after_tax, before_net
from portal.invoices.questions.queries import waits
from portal.organisations.models import Organisation
from portal.pay_page.cards import CardOnFile, card_on_file, read_card
from portal.pay_page.newer import find_newer
from portal.pay_page.parts import Parts, parts_of
from portal.pay_page.rules import PAYABLE, SETTLED, page_state
from portal.pay_page.standing import FACTS, debit_refused_at, since_now, standing_of
from portal.pay_page.tips import tips_on
from portal.payments.debits import debit_for
from portal.payments.received import Received, received_on
from portal.payments.refunds.queries import bank_took_it, debit_returned_at, to_pay_again
from portal.payments.refunds.went_back import WentBack, all_ways
from portal.shared import clock
from portal.shared.money import Money
from portal.work_orders.models import WorkOrderLine
from portal.work_orders.pictures.models import JobPicture
from portal.work_orders.pictures.queries import Jobs, jobs_of, pictures_of

NO_LINK = 0  # no link has this number


@dataclass(frozen=True)
class PayPage:
    """One link, opened. state as pay_page.rules.page_state says.

    again       what is to pay for no other reason than that money went back to the customer
    bank_took   their bank took all of that
    language    the customer's, "" for the firm's
    is_revised  the firm has credited a part since the customer first looked
    has_asked   a question of the customer waits for an answer
    pictures    of the work that it bills
    notes       credit notes that take back some of it, with what of each is kept for the customer
    card        the customer's saved one
    refused_on  the day on which a bank refused a debit for it, as long as it is to pay again
    returned_on the day on which a bank took back a debit that had paid it, as long as it is to pay again
    debit       the bank debit that it can be paid by, too; "" for none
    """

    link: PayLink
    organisation: Organisation
    invoice: Invoice
    balance: InvoiceBalance
    payments: Sequence[Received]
    state: str
    again: Money
    bank_took: bool
    language: str
    is_revised: bool
    has_asked: bool
    pictures: Sequence[JobPicture]
    notes: Sequence[ListedNote]
    card: CardOnFile | None
    debit: str
    refused_on: date | None
    returned_on: date | None

    @property
    def counted(self) -> Sequence[Received]:
        """The payments that have not been taken back."""
        return [each for each in self.payments if each.taken_back is None]

    @property
    def went_back(self) -> Sequence[WentBack]:
        """What of payments went back to the customer, tips with it, each way by itself."""
        return all_ways(self.payments)

    @property
    def not_reached(self) -> Money:
        """What was to go back to the customer, and did not arrive."""
        return Money.total((each.not_reached for each in self.payments), self.invoice.currency)

    @property
    def kept(self) -> Money:
        """What the firm keeps for the customer, of payments and of credit notes of this invoice."""
        of_both = (*(each.kept for each in self.counted), *(each.kept for each in self.notes))
        return Money.total(of_both, self.invoice.currency)

    @property
    def before_net(self) -> Sequence[PrintedSum]:
        return before_net(self.invoice)

    @property
    def after_tax(self) -> Sequence[PrintedSum]:
        return after_tax(self.invoice)

    @property
    def grounds(self) -> Sequence[Ground]:
        return grounds_of(self.invoice.lines, self.invoice.shipping_tax_why)

    @property
    def parts(self) -> Parts | None:
        """What may be paid instead of the whole; None where nothing may."""
        firm = self.organisation
        least = Money(firm.least_part_minor, firm.currency)
        is_first = not (self.balance.paid_minor or self.balance.credited_minor or self.balance.under_way_minor)
        return parts_of(
            self.balance.to_pay, are_taken=firm.takes_parts and self.is_payable, least_part=least,
            deposit_percent=firm.deposit_percent if is_first else 0,
        )  # fmt: skip

    @property
    def tips(self) -> Mapping[str, Money]:
        """What may be added, of all that is to pay; nothing where the firm wants none."""
        return tips_on(self.balance.to_pay) if self.organisation.takes_tips and self.is_payable else {}

    @property
    def is_payable(self) -> bool:
        return self.state in PAYABLE


class UnknownLink(Exception):
    """No such link, or one that was revoked: nobody learns which."""


class ExpiredLink(Exception):
    """It was good once. Whose it was may be told, what it showed may not."""

    def __init__(self, organisation: Organisation, language: str) -> None:
        super().__init__(organisation.id)
        self.organisation, self.language = organisation, language


def open_link(session: Session, token: str, *, to_look: bool = False) -> PayPage:
    """What a link shows now, in three statements, and one each for payments, pictures and credit notes, if any.

    Enters its organisation. Raises UnknownLink, ExpiredLink.

    to_look  nothing will be written in this transaction
    """
    row = _find(session, token, to_look)
    link, organisation, invoice, balance = row.PayLink, row.Organisation, row.Invoice, row.InvoiceBalance
    if invoice.status == DRAFT:
        raise UnknownLink
    given_back = Money(int(row.given_back), invoice.currency)
    is_replaced = invoice.status == VOID and find_newer(session, invoice) is not None
    state = page_state(standing_of(row, organisation, is_replaced=is_replaced))
    has_ended = invoice.status != SENT or balance.is_written_off
    is_receipt = state in SETTLED or (has_ended and row.has_payments)
    if link.expires_at <= clock.now() and not is_receipt:
        raise ExpiredLink(organisation, row.language)
    lines = session.scalars(_SHOWN_LINES if to_look else _LINES, {"invoice_id": invoice.id}).all()
    set_committed_value(invoice, "lines", lines)
    asks_again = given_back and state in (*PAYABLE, "disputed")
    again = to_pay_again(session, invoice.id, balance.to_pay) if asks_again else given_back
    payments = received_on(session, [invoice.id]) if row.has_payments else []
    pictures = pictures_of(session, jobs_billed(invoice)) if row.has_pictures else []
    notes = listed_notes_of(session, invoice.id) if row.has_notes else []
    return PayPage(
        link, organisation, invoice, balance, payments, state, again,
        bool(again) and state in PAYABLE and bank_took_it(session, invoice.id),
        row.language, row.is_revised, row.has_asked, pictures, notes,
        read_card(row.card), debit_for(row.debit or "", invoice.currency), day_of(row.debit_refused_at, organisation),
        day_of(debit_returned_at(session, invoice.id) if again and state in PAYABLE else None, organisation),
    )  # fmt: skip


def day_of(at: datetime | None, organisation: Organisation) -> date | None:
    return clock.local(at, organisation.time_zone).date() if at else None


def jobs_billed(invoice: Invoice) -> Jobs:
    return jobs_of([line.work_order_line_id for line in invoice.lines])


def _find(session: Session, token: str, to_look: bool) -> Row[Any]:
    """The link, whose it is, its invoice, what is left to pay, and what else decides about the page.

    Unknown, malformed and revoked tokens cost the same work and end the same: UnknownLink.
    """
    link_id = enter_by_token(session, token, to_look=to_look) or NO_LINK
    row = session.execute(_LOOKED_AT if to_look else _OPENED, {"link_id": link_id} | since_now()).one_or_none()
    if row is None:
        raise UnknownLink
    return row


_OPENED = (
    select(
        PayLink, Organisation, Invoice, InvoiceBalance, *FACTS,
        exists(select(CreditNote.id).where(
            CreditNote.invoice_id == PayLink.invoice_id,
            func.coalesce(CreditNoteVoid.created_at, CreditNote.created_at) > PayLink.opened_at,
        ).outerjoin(CreditNoteVoid, CreditNoteVoid.credit_note_id == CreditNote.id)).label("is_revised"),
        exists(select(CreditNote.id).where(CreditNote.invoice_id == PayLink.invoice_id)).label("has_notes"),
        exists(
            select(JobPicture.id)
            .join(WorkOrderLine, WorkOrderLine.work_order_id == JobPicture.work_order_id)
            .join(InvoiceLine, InvoiceLine.work_order_line_id == WorkOrderLine.id)
            .where(InvoiceLine.invoice_id == PayLink.invoice_id)
        ).label("has_pictures"),
        Customer.language.label("language"),
        waits().label("has_asked"), card_on_file().label("card"), debit_refused_at().label("debit_refused_at"),
    )
    .join(Organisation, Organisation.id == PayLink.organisation_id)
    .join(Invoice, Invoice.id == PayLink.invoice_id)
    .join(InvoiceBalance, InvoiceBalance.invoice_id == PayLink.invoice_id)
    .join(Customer, Customer.id == Invoice.customer_id)
    .where(PayLink.id == bindparam("link_id"), PayLink.revoked_at.is_(None), PayLink.is_joint.is_(False))
    .execution_options(populate_existing=True)  # looked at twice in one request when something has changed meanwhile
)  # fmt: skip
# Half the time that a read takes goes into describing columns: a look reads those which its page shows.
_LOOKED_AT = _OPENED.options(
    load_only(PayLink.invoice_id, PayLink.expires_at, PayLink.opened_at),
    load_only(
        Organisation.name, Organisation.country, Organisation.currency, Organisation.time_zone, Organisation.locale,
        Organisation.email, Organisation.phone, Organisation.takes_parts, Organisation.least_part_minor,
        Organisation.takes_tips, Organisation.deposit_percent, Organisation.logo, Organisation.saves_cards,
    ),
    load_only(
        Invoice.number, Invoice.customer_id, Invoice.status, Invoice.currency, Invoice.title, Invoice.work_done,
        Invoice.work_facts, Invoice.due_on, Invoice.bill_to, Invoice.breakdown, Invoice.total_minor,
        Invoice.discount_kind, Invoice.discount_value, Invoice.discount_applied, Invoice.adjustment_reason,
        Invoice.revision, Invoice.void_reason, Invoice.shipping_tax_why,
    ),
)  # fmt: skip
_LINES = (
    select(InvoiceLine).where(InvoiceLine.invoice_id == bindparam("invoice_id")).order_by(InvoiceLine.position)
)  # fmt: skip
_SHOWN_LINES = _LINES.options(load_only(
    InvoiceLine.work_order_line_id, InvoiceLine.position, InvoiceLine.name, InvoiceLine.quantity, InvoiceLine.unit,
    InvoiceLine.unit_price, InvoiceLine.discount_percent, InvoiceLine.discount_minor, InvoiceLine.line_total_minor,
    InvoiceLine.currency, InvoiceLine.tax_name, InvoiceLine.tax_rate, InvoiceLine.tax_why,
))  # fmt: skip
