"""Verbs on invoices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices import billing, drafts, registering, rules, taxing
from portal.invoices.credit_notes import queries
from portal.invoices.documents.rules import may_void, other_currency
from portal.invoices.following import follow_job, follow_rates
from portal.invoices.letterhead import drawn_up
from portal.invoices.models import DRAFT, SENT, VOID, Invoice, InvoiceLine, InvoiceTax
from portal.invoices.prepaid import PREPAID
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.organisations.numbering import next_paper_number
from portal.people.models import Person
from portal.shared import clock, outbox, queues
from portal.shared.money import Money
from portal.taxes.actions import ON_NEW_RATES
from portal.taxes.queries import taxes_by_id
from portal.work_orders.actions import ON_NEW_DAYS
from portal.work_orders.models import BillingClaim, WorkOrder, WorkOrderLine


@dataclass(frozen=True)
class Raised:
    """A draft, and whether this call made it (False: the same form came a second time).

    reckoned_on  for which day's rates, when this very transaction has reckoned it
    """

    invoice: Invoice
    is_new: bool
    reckoned_on: date | None = None


def raise_invoice(
    session: Session, organisation: Organisation, work_order: WorkOrder, line_ids: Sequence[int], *,
    form_id: str | None, raised_by: int | None, usual_where_missing: bool = False,
) -> Raised:  # fmt: skip
    """A draft of the chosen lines of one job, loaded whole. Raises AlreadyBilled, CannotIssue. Does not commit.

    usual_where_missing  where no rule finds a tax, the firm's usual one
    Safe against double taps: the caller holds the job's row lock, the form's id is unique, and so is each line's claim.
    """
    repeated = find_by_form(session, form_id) if form_id else None
    if repeated is not None:
        return Raised(repeated, is_new=False)
    chosen = _chosen(session, work_order, line_ids)
    supplied = billing.supplied_on(work_order, organisation.time_zone)
    day, taxes = billing.tax_point_of(organisation, supplied), taxes_by_id(session)
    decided = taxing.decide(session, organisation, work_order, chosen, taxes, day)
    if usual_where_missing:
        decided = taxing.with_usual(decided, taxes)
    breakdown = billing.preview(taxing.bearing(chosen, decided), taxes, organisation, day)
    invoice = _draft(organisation, work_order, form_id, raised_by)
    invoice.supplied_on = supplied
    invoice.lines = billing.printed_lines(invoice, chosen, breakdown)
    for line, each in zip(invoice.lines, decided, strict=True):
        taxing.write_on(line, each, taxes, day)
    rules.check_in_force(billing.endings(invoice.lines, taxes, day))
    drafts.take_totals(organisation, invoice, breakdown)
    session.add(invoice)
    session.flush()
    _claim(session, invoice, chosen)
    audit.note(
        session, organisation.id, "invoice drafted", "invoice", invoice.id,
        words=f"Drafted from {work_order.number}", after={"lines": [line.id for line in chosen]},
    )  # fmt: skip
    return Raised(invoice, is_new=True, reckoned_on=day)


if follow_rates not in ON_NEW_RATES:
    ON_NEW_RATES.append(follow_rates)
    ON_NEW_DAYS.append(follow_job)


def issue_invoice(
    session: Session, organisation: Organisation, invoice: Invoice, *, reckoned_on: date | None = None
) -> Money:
    """Freeze a draft: reckon it as of its tax point, number, date, announce it. Raises CannotIssue. Does not commit.

    Returns how much of it nobody is to be asked for: deposits have paid it, or a bank has it under way for them.

    `invoice` has been read with its lines and its row lock, or raised in this transaction.
    reckoned_on  as raise_invoice gave it; None for a draft of another transaction
    """
    today, day = clock.today(organisation.time_zone), billing.tax_point_of(organisation, invoice.supplied_on)
    untaxed = next((f"{line.name}: {line.tax_missing}" for line in invoice.lines if line.is_untaxed), "")
    if not untaxed and invoice.is_shipping_untaxed:
        untaxed = f"Shipping: {invoice.shipping_tax_missing or 'save it again under Discount, shipping.'}"
    rules.check_issuable(
        invoice.status, len(invoice.lines), invoice.total,
        untaxed_line=untaxed if organisation.is_registered_on(day) else "",
    )  # fmt: skip
    rules.check_up_to_date(registering.problem_of(session, organisation, invoice))
    if organisation.tax_number and invoice.tax_minor:
        rules.check_exchange(other_currency(organisation.country, invoice.currency), invoice.exchange_rate)
    if reckoned_on != day:  # the rate of this day counts
        taxes = taxes_by_id(session)
        rules.check_in_force(billing.endings(invoice.lines, taxes, day))
        drafts.rewrite(session, organisation, invoice, taxes)
        session.flush()  # before the status says sent: from then on the database refuses lines and tax rows
    invoice.number = next_paper_number(session, organisation.id, "invoice", organisation.country)
    invoice.issued_on, invoice.due_on = today, rules.due_day(today, invoice.terms_days)
    invoice.sent_at = clock.now()
    invoice.letterhead = drawn_up(organisation, str(invoice.bill_to.get("language", ""))).as_text()
    invoice.status = SENT
    session.flush()
    outbox.record(session, organisation.id, "invoice", invoice.id)
    queues.wake(session, "mail", organisation.id)  # which keeps its paper
    audit.note(
        session, organisation.id, "invoice sent", "invoice", invoice.id, words=f"Sent as {invoice.number}",
        after={"number": invoice.number, "total": str(invoice.total)},
    )  # fmt: skip
    found = [put(session, organisation, invoice) for put in PREPAID]
    paid = Money.total((each.paid for each in found), invoice.currency)
    if paid:  # what is paid later changes nothing of what was sent
        invoice.prepaid_minor = paid.minor
    return paid + Money.total((each.under_way for each in found), invoice.currency)


def void_invoice(session: Session, invoice: Invoice, reason: str, *, paid: Money) -> None:
    """Keeps the number, frees the lines. Raises CannotVoid. Does not commit.

    The caller has made sure that no payment page is open for it.
    """
    credited = queries.credited_by(session, [invoice.id]).get(invoice.id)
    is_whole = credited is not None and queries.credited_total(session, invoice) >= invoice.total
    country = str((invoice.letterhead or {}).get("country", ""))
    rules.check_voidable(
        invoice.status, paid, credited_by=credited or "", is_whole=is_whole, is_lawful=may_void(country)
    )
    invoice.status, invoice.voided_at, invoice.void_reason = VOID, clock.now(), reason
    _release(session, invoice)
    outbox.record(session, invoice.organisation_id, "invoice", invoice.id)
    queues.wake(session, "mail", invoice.organisation_id)
    audit.note(
        session, invoice.organisation_id, "invoice voided", "invoice", invoice.id, words=f"Voided: {reason}",
        before={"status": SENT}, after={"status": VOID, "reason": reason},
    )  # fmt: skip


def discard_draft(session: Session, invoice: Invoice) -> int | None:
    """Throw a draft away: its lines are free again. Returns its job's number. Raises CannotVoid. Does not commit."""
    if invoice.status != DRAFT:
        raise rules.CannotVoid("This invoice has been sent. Void it instead: its number stays in the books.")
    job_id = job_of(session, invoice)
    for part in (BillingClaim, InvoiceTax, InvoiceLine):
        session.execute(delete(part).where(part.invoice_id == invoice.id))
    session.execute(delete(Invoice).where(Invoice.id == invoice.id))
    audit.note(session, invoice.organisation_id, "draft discarded", "invoice", invoice.id, before=invoice.breakdown)
    return job_id


def job_of(session: Session, invoice: Invoice) -> int | None:
    """The number of the job that it bills."""
    return session.scalars(
        select(WorkOrderLine.work_order_id)
        .join(InvoiceLine, InvoiceLine.work_order_line_id == WorkOrderLine.id)
        .where(InvoiceLine.invoice_id == invoice.id)
        .limit(1)
    ).first()


def find_by_form(session: Session, form_id: str) -> Invoice | None:
    """The invoice that this form made before, when it comes a second time."""
    return session.scalars(select(Invoice).where(Invoice.form_id == form_id)).one_or_none()


def _chosen(session: Session, work_order: WorkOrder, line_ids: Sequence[int]) -> list[WorkOrderLine]:
    wanted = set(line_ids)
    chosen = [line for line in work_order.lines if line.id in wanted]
    if not chosen:
        raise rules.CannotIssue("Tick at least one line to bill.", field="lines")
    if any(line.claim for line in chosen):
        raise rules.AlreadyBilled(_billed_elsewhere(session, chosen), field="lines")
    return [line for line in chosen if not line.non_billable_reason]


def _billed_elsewhere(session: Session, lines: Sequence[WorkOrderLine]) -> str:
    """Who was quicker, and where to look."""
    found = session.execute(
        select(Person.name, Invoice.number)
        .select_from(BillingClaim)
        .join(Invoice, Invoice.id == BillingClaim.invoice_id)
        .outerjoin(Person, Person.id == Invoice.raised_by)
        .where(BillingClaim.work_order_line_id.in_([line.id for line in lines]), BillingClaim.released_at.is_(None))
        .limit(1)
    ).one_or_none()
    who = found.name if found and found.name else "Somebody"
    where = f"on {found.number}" if found and found.number else "on a draft"
    return f"{who} has billed a line of this job in the meantime, {where}. The list below shows what is left."


def _draft(organisation: Organisation, work_order: WorkOrder, form_id: str | None, raised_by: int | None) -> Invoice:
    customer = work_order.customer
    terms = customer.payment_terms_days
    draft = Invoice(
        organisation_id=organisation.id, customer_id=customer.id, status=DRAFT, currency=organisation.currency,
        reference=work_order.number, title=work_order.title,
        terms_days=organisation.payment_terms_days if terms is None else terms,
        bill_to=_bill_to(customer, work_order), form_id=form_id, raised_by=raised_by,
    )  # fmt: skip
    billing.tell_work(organisation, draft, work_order)
    return draft


def _bill_to(customer: Customer, work_order: WorkOrder) -> dict[str, object]:
    address = work_order.billing_address
    parts = ("street", "city", "state", "postal_code")  # of the lines, for who wants them apart
    return {part: getattr(address, part) for part in parts if address} | {
        "name": customer.name, "kind": customer.kind, "lines": address.lines if address else [],
        "email": customer.email, "phone": customer.phone, "tax_number": customer.tax_number,
        "country": address.country if address else "", "language": customer.language,
    }  # fmt: skip


def _claim(session: Session, invoice: Invoice, chosen: Sequence[WorkOrderLine]) -> None:
    """Raises AlreadyBilled when another invoice was quicker: the unique index decides, not this code."""
    line_ids = [line.id for line in chosen]
    claimed = session.execute(
        _CLAIM, {"organisation_id": invoice.organisation_id, "invoice_id": invoice.id, "line_ids": line_ids}
    ).all()
    if len(claimed) < len(line_ids):
        raise rules.AlreadyBilled(_billed_elsewhere(session, chosen), field="lines")


# One text for any number of lines, so that it is compiled and planned once.
_CLAIM = text(
    "INSERT INTO billing_claims (organisation_id, invoice_id, work_order_line_id)"
    " SELECT :organisation_id, :invoice_id, unnest(CAST(:line_ids AS bigint[]))"
    " ON CONFLICT (work_order_line_id) WHERE released_at IS NULL DO NOTHING RETURNING id"
)


def _release(session: Session, invoice: Invoice) -> None:
    session.execute(
        update(BillingClaim)
        .where(BillingClaim.invoice_id == invoice.id, BillingClaim.released_at.is_(None))
        .values(released_at=clock.now())
    )
