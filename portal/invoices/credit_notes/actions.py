"""Taking back a sent invoice, in whole or in part. Nothing here is ever changed afterwards."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy.orm import Session

from portal.invoices import frozen
from portal.invoices.credit_notes import queries, rules
from portal.invoices.credit_notes.models import CreditApplication, CreditNote, CreditNoteLine, CreditNoteTax
from portal.invoices.letterhead import drawn_up
from portal.invoices.models import Invoice
from portal.invoices.queries import balance_of
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.organisations.numbering import next_paper_number
from portal.shared import clock, formats, outbox, queues
from portal.shared.money import Money
from portal.taxes.arithmetic import Breakdown, Impossible, credit
from portal.taxes.arithmetic.document import WITHHOLDING


def creditable(session: Session, invoice: Invoice) -> list[Money]:
    """What is left of each line and then each charge of a sent invoice, in its printed totals."""
    return left_of(invoice, queries.credited_lines(session, invoice))


def left_of(invoice: Invoice, before: Mapping[int, Money]) -> list[Money]:
    """As creditable tells it; before: as credited_lines read it."""
    breakdown, _policy = frozen.from_text(invoice.breakdown or {}, invoice.currency)
    zero = Money.zero(invoice.currency)
    return [part.total - before.get(position, zero) for position, part in enumerate(breakdown.lines)]


def raise_credit_note(
    session: Session, organisation: Organisation, invoice: Invoice, wanted: Mapping[int, Money], reason: str, *,
    keep: bool = False, form_id: str | None = None, raised_by: int | None = None,
    issued_on: date | None = None, goes_back: bool = False, put: Sequence[tuple[Invoice, Money]] | None = None,
) -> CreditNote:  # fmt: skip
    """Issue a credit note over parts of `invoice`. Raises CannotCredit. Does not commit.

    invoice  read with lines and balance, its row locked: two notes at once would both find the same left
    wanted   by position of the line (charges after the lines): how much of its printed total is taken back
    keep     True: all of it stays the customer's credit; else it lowers what is to pay, as far as something is
    issued_on  of one that the books have already; else today
    goes_back  the caller hands back what lowers nothing, in this very transaction
    put      of one that the books have already: how much of it lowers which invoices, read and locked as this one is
    """
    rules.check_creditable(invoice.status, invoice.breakdown)
    for position, left in enumerate(creditable(session, invoice)):
        rules.check_line(position, wanted.get(position, Money.zero(invoice.currency)), left)
    breakdown, text = _reckon(session, invoice, wanted)
    rules.check_total(breakdown.total, queries.credited_total(session, invoice), invoice.total)
    note = _drawn_up(organisation, invoice, breakdown, text, reason)
    rules.check_below_write_off(note.worth, balance_of(invoice).balance, invoice.written_off)
    note.number = next_paper_number(session, organisation.id, "credit_note", organisation.country)
    note.issued_on = issued_on or clock.today(organisation.time_zone)
    note.raised_by, note.form_id = raised_by, form_id
    session.add(note)
    session.flush()
    session.add_all(_lines(note, invoice, breakdown))
    session.add_all(_tax_rows(note, breakdown))
    if put is not None:
        part = Money.total((each for _, each in put), note.currency)
    elif part := rules.part_to_apply(note.worth, balance_of(invoice).balance, keep=keep):
        _apply(session, note, invoice, part)
    _announce(session, organisation, note, invoice, part, goes_back=goes_back)
    if put is not None:
        put_as_booked(session, note, put)
    return note


def apply_credit(session: Session, note: CreditNote, invoice: Invoice) -> Money:
    """Put what is kept of a note to an invoice of the same customer, as far as that is to pay and no bank pays it.

    The caller has locked this invoice and the note's own, whose lock stands for the note's. Returns how much that was.
    Raises CannotCredit. Does not commit.
    """
    if (invoice.customer_id, invoice.currency) != (note.customer_id, note.currency):
        raise rules.CannotCredit("Credit can be put to another invoice of the same customer only.")
    part = rules.part_to_apply(queries.kept_as_credit(session, note), balance_of(invoice).to_pay, keep=False)
    if not part or invoice.status != "sent":
        raise rules.CannotCredit("Nothing is to pay on this invoice, or nothing is left of the credit.")
    _take_off(session, note, invoice, part)
    return part


def put_as_booked(session: Session, note: CreditNote, parts: Sequence[tuple[Invoice, Money]]) -> None:
    """Put so much of what is kept of a note to these invoices, as the books did: all of it, or nothing.

    Each invoice once, read and locked as for apply_credit. Raises CannotCredit. Does not commit.
    """
    rules.check_kept(Money.total((part for _, part in parts), note.currency), queries.kept_as_credit(session, note))
    for invoice, part in parts:
        if (invoice.customer_id, invoice.currency) != (note.customer_id, note.currency):
            raise rules.CannotCredit("Credit can be put to another invoice of the same customer only.")
        rules.check_takes(invoice.number or "", invoice.status, part, balance_of(invoice).balance)
        _take_off(session, note, invoice, part)


def _take_off(session: Session, note: CreditNote, invoice: Invoice, part: Money) -> None:
    _apply(session, note, invoice, part)
    words = f"{formats.money(part)} of credit note {note.number} taken off"
    audit.note(session, note.organisation_id, "credit applied", "invoice", invoice.id, words=words)
    outbox.record_all(session, note.organisation_id, ("credit_note", note.id), ("invoice", invoice.id))


def _drawn_up(
    organisation: Organisation, invoice: Invoice, breakdown: Breakdown, text: dict[str, object], reason: str
) -> CreditNote:  # fmt: skip
    return CreditNote(
        organisation_id=organisation.id, invoice_id=invoice.id, customer_id=invoice.customer_id,
        currency=invoice.currency, reason=reason, bill_to=invoice.bill_to, breakdown=text,
        subtotal_minor=breakdown.subtotal.minor, tax_minor=breakdown.tax_total.minor,
        total_minor=breakdown.total.minor, withheld_minor=-breakdown.withholding.minor,
        letterhead=drawn_up(
            organisation, str(invoice.bill_to.get("language", "")), over=invoice.letterhead
        ).as_text(),
    )  # fmt: skip


def _reckon(session: Session, invoice: Invoice, wanted: Mapping[int, Money]) -> tuple[Breakdown, dict[str, object]]:
    whole, policy = frozen.from_text(invoice.breakdown or {}, invoice.currency)
    zero, taken = Money.zero(invoice.currency), queries.credited_lines(session, invoice)
    positions = range(len(whole.lines))
    try:
        part = credit(
            whole, policy, [wanted.get(at, zero) for at in positions],
            [taken.get(at, zero) for at in positions] if taken else None,
        )  # fmt: skip
    except Impossible as problem:
        raise rules.CannotCredit("That is more than is left of a line.", field="lines") from problem
    return part, frozen.as_text(part, policy)


def _lines(note: CreditNote, invoice: Invoice, breakdown: Breakdown) -> Sequence[CreditNoteLine]:
    found = []
    for position, part in enumerate(breakdown.lines):
        if not part.total:
            continue
        line = invoice.lines[position] if position < len(invoice.lines) else None
        found.append(
            CreditNoteLine(
                organisation_id=note.organisation_id, credit_note_id=note.id, position=position,
                invoice_line_id=line.id if line else None, name=line.name if line else "Shipping",
                description=line.description if line else "", line_total_minor=part.total.minor,
                currency=note.currency, tax_name=line.tax_name if line else "", tax_rate=line.tax_rate if line else 0,
            )
        )  # fmt: skip
    return found


def _tax_rows(note: CreditNote, breakdown: Breakdown) -> Sequence[CreditNoteTax]:
    return [
        CreditNoteTax(
            organisation_id=note.organisation_id, credit_note_id=note.id, position=position, name=row.name,
            tax_id=int(row.key) if row.key.isdecimal() else None, rate=row.rate, kind=row.kind,
            base_minor=row.base.minor, amount_minor=row.amount.minor, currency=note.currency,
        )
        for position, row in enumerate(breakdown.taxes)
        if (row.base or row.amount) and row.kind != WITHHOLDING
    ]  # fmt: skip


def _apply(session: Session, note: CreditNote, invoice: Invoice, part: Money) -> None:
    session.add(
        CreditApplication(
            organisation_id=note.organisation_id, credit_note_id=note.id, invoice_id=invoice.id,
            amount_minor=part.minor, currency=note.currency,
        )
    )  # fmt: skip
    session.flush()


def _announce(
    session: Session, organisation: Organisation, note: CreditNote, invoice: Invoice, applied: Money, *, goes_back: bool
) -> None:  # fmt: skip
    kept = note.worth - applied
    said = f"{formats.money(note.total, organisation.locale)} credited as {note.number}: {note.reason}"
    if kept:
        what = "goes back to the customer" if goes_back else "kept as the customer's credit"
        said += f" ({formats.money(kept, organisation.locale)} {what})"
    after = {"number": note.number, "total": str(note.total), "applied": str(applied), "invoice": invoice.id}
    audit.note(session, organisation.id, "credit note raised", "invoice", invoice.id, words=said, after=after)
    audit.note(session, organisation.id, "credit note raised", "credit_note", note.id, words=said, after=after)
    outbox.record(session, organisation.id, "credit_note", note.id)
    outbox.record(session, organisation.id, "invoice", invoice.id)
    queues.wake(session, "mail", organisation.id)  # which keeps its paper
