"""Credit notes as the mirror wants them: what is taken back, and which invoices it was put to."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.accounting import rules
from portal.accounting.agreement import comparison
from portal.accounting.agreement.queries import lives_with_other_taxes
from portal.accounting.credit_note_payload import ROUNDING, CreditLine, CreditRecord, credit_note_payload
from portal.accounting.mapping import REFUND_MODES
from portal.accounting.mirror import each_unit
from portal.accounting.mirror.dated_taxes import Borne, borne_by
from portal.accounting.mirror.source import ComesTo, Need, Source, Twins, present
from portal.accounting.mirror.uses import GivenBack, Uses
from portal.accounting.models import MirrorRecord
from portal.catalogue.models import Item
from portal.invoices import frozen
from portal.invoices.credit_notes import queries
from portal.invoices.credit_notes.models import CreditNote, CreditRefund
from portal.invoices.models import Invoice, InvoiceLine
from portal.organisations.models import Organisation
from portal.payments.models import Allocation, Payment
from portal.payments.refunds.models import BOOKED
from portal.shared import clock
from portal.shared.money import Money, decimals_of
from portal.taxes.arithmetic import Breakdown, LineParts, Policy

_LONGEST_NUMBER = 100


def credit_note(session: Session, credit_note_id: int) -> Source | None:
    wanted = [selectinload(CreditNote.lines), joinedload(CreditNote.voiding)]
    note = session.get(CreditNote, credit_note_id, options=wanted, populate_existing=True)
    if note is None:
        return None
    invoice = session.get_one(Invoice, note.invoice_id, options=[selectinload(Invoice.lines)])
    breakdown, policy = frozen.from_text(note.breakdown, note.currency)
    items, unit_taxes = _active_items(session, invoice), each_unit.charged_beside(note.breakdown)
    applied, borne = _applied(session, note), _borne(session, note, invoice)
    uses = _uses(session, note, applied)

    def build(twins: Twins, name: str, _persons: Mapping[str, str]) -> dict[str, Any]:
        known = borne.naming(twins)
        lines = [
            _line(note, invoice, at, _price(part, policy), items, known)
            for at, part in enumerate(breakdown.lines) if part.total
        ]  # fmt: skip
        record = CreditRecord(
            name, invoice.number or "", note.issued_on, note.reason, twins("customer", note.customer_id),
            policy.price_includes_tax,
            [*lines, *_beside(breakdown, policy), *(CreditLine(each, "", sum_) for each, sum_ in unit_taxes)],
        )  # fmt: skip
        return credit_note_payload(record)

    return Source(
        f"Credit note {note.number}", note.number, build,
        needs=[*_needs(note, invoice, items, applied, borne), *_first_payment(session, note, uses)],
        unsettled=borne.unsettled, undecided=borne.undecided,
        spare_name=rules.with_number(note.number, invoice.number or "", _LONGEST_NUMBER),
        invoice_ids=list(dict.fromkeys([note.invoice_id, *applied])), uses=uses, is_void=note.is_void,
        comes_to=_comes_to(session, note, breakdown, policy),
    )  # fmt: skip


def _comes_to(session: Session, note: CreditNote, breakdown: Breakdown, policy: Policy) -> ComesTo:
    cent = Decimal(1).scaleb(-decimals_of(note.currency))
    figures = comparison.our_figures(note.number, (), Decimal(0), note.breakdown)
    is_as_accepted = lives_with_other_taxes(session, note.invoice_id)  # of what is taken back, too
    return ComesTo(
        note.total.decimal, len(breakdown.taxes) * cent, cent * (len(note.lines) if policy.rounding == "line" else 1),
        figures, may_bear_others=is_as_accepted,
    )  # fmt: skip


def _uses(session: Session, note: CreditNote, applied: Mapping[int, Decimal]) -> Uses:
    zone = session.scalars(select(Organisation.time_zone)).one()
    given_back = [
        _given_back(note, count, each, zone) for count, each in enumerate(queries.refunds_of(session, note), 1)
        if not each.form_id.startswith(BOOKED)
    ]  # fmt: skip
    return Uses(applied, given_back, _account(session) if given_back else "")


def _given_back(note: CreditNote, count: int, refund: CreditRefund, zone: str) -> GivenBack:
    reference, amount = f"{note.number}/{count}", refund.amount.decimal
    return GivenBack(
        f"Refund {reference} of {amount}", reference, amount, clock.local(refund.created_at, zone).date(),
        REFUND_MODES[refund.way], refund.reason,
    )  # fmt: skip


def _first_payment(session: Session, note: CreditNote, uses: Uses) -> Sequence[Need]:
    """What tells the account that is given back out of, where nothing over there has told it yet."""
    if not uses.given_back or uses.account:
        return ()
    its_own = select(Allocation.payment_id).where(Allocation.invoice_id == note.invoice_id)
    found = select(Payment.id).order_by(Payment.id.in_(its_own).desc(), Payment.id.desc())
    payment_id = session.scalars(found.limit(1)).first()
    return present(("payment", payment_id))


def _account(session: Session) -> str:
    """Out of where payments are paid in, as the newest of them over there says; "" where the product has none."""
    account = MirrorRecord.snapshot["there"]["account"].astext
    known = select(account).where(MirrorRecord.module == "payment", account != "")
    return session.scalars(known.order_by(MirrorRecord.id.desc()).limit(1)).first() or ""


def _price(part: LineParts, policy: Policy) -> Money:
    """What is taken back of a line; tax inside where prices include it."""
    return part.total - part.discount_share if policy.price_includes_tax else part.net


def _line(
    note: CreditNote, invoice: Invoice, at: int, price: Money, items: Collection[int], twins: Twins
) -> CreditLine:  # fmt: skip
    named = next((line for line in note.lines if line.position == at), None)
    name, description = (named.name, named.description) if named else ("", "")
    if at >= len(invoice.lines):
        return CreditLine(name, description, price.decimal, "", twins("tax", invoice.shipping_tax_id))
    line = invoice.lines[at]
    item = twins("item", line.item_id) if line.item_id in items else ""
    return CreditLine(name, description, price.decimal, item, twins("tax", line.tax_id))


def _beside(breakdown: Breakdown, policy: Policy) -> list[CreditLine]:
    """What is no line's: a discount after tax, adjustment, rounding. Zoho's credit notes have no fields for them."""
    lines = Money.total((_price(part, policy) for part in breakdown.lines), policy.currency)
    whole = breakdown.subtotal + breakdown.tax_total if policy.price_includes_tax else breakdown.subtotal
    is_discount = bool(breakdown.discount) and not any(part.discount_share for part in breakdown.lines)
    beside = [
        ("Discount" if is_discount else ROUNDING, whole - lines), ("Adjustment", breakdown.adjustment),
        (ROUNDING, breakdown.rounding_adjustment),
    ]  # fmt: skip
    return [CreditLine(name, "", amount.decimal) for name, amount in beside if amount]


def _active_items(session: Session, invoice: Invoice) -> Collection[int]:
    """Zoho refuses a line of an inactive item; without it, the line keeps its name."""
    used = [line.item_id for line in invoice.lines if line.item_id is not None]
    return set(session.scalars(select(Item.id).where(Item.id.in_(used), Item.is_active)))


def _needs(
    note: CreditNote, invoice: Invoice, items: Collection[int], applied: Mapping[int, Decimal], borne: Borne
) -> list[Need]:  # fmt: skip
    taken = _taken(note, invoice)
    needs: list[tuple[str, int | None]] = [("customer", note.customer_id)]
    needs += [("item", line.item_id) for line in taken if line.item_id in items]
    needs += borne.needs
    needs += [("invoice", invoice_id) for invoice_id in applied]
    return present(*needs)


def _borne(session: Session, note: CreditNote, invoice: Invoice) -> Borne:
    tax_ids = [*(line.tax_id for line in _taken(note, invoice)), invoice.shipping_tax_id]
    return borne_by(session, tax_ids, note.breakdown or {})


def _taken(note: CreditNote, invoice: Invoice) -> list[InvoiceLine]:
    return [invoice.lines[line.position] for line in note.lines if line.position < len(invoice.lines)]


def _applied(session: Session, note: CreditNote) -> dict[int, Decimal]:
    """invoice → how much"""
    return {invoice_id: part.decimal for invoice_id, part in queries.applied_of(session, note).items()}
