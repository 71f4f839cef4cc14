"""What must hold when the storm is over. Each law gives what breaks it, in words; nothing when it holds."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import case, select, text

from portal.accounting.link import live_link
from portal.accounting.mirror.writing_off import open_there
from portal.accounting.models import TAX_RATE, MirrorRecord
from portal.accounting.reconciliation import actions
from portal.accounting.reconciliation.models import DriftRow, Reconciliation
from portal.customers.models import Customer
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.credit_notes.queries import kept_as_credit
from portal.invoices.models import Invoice, InvoiceBalance
from portal.invoices.queries import is_written_off
from portal.payments.models import Payment
from portal.payments.uses import PaymentUse
from portal.shared.outbox import Change
from portal.shared.running import job_session
from tests.chaos.acts import Actor
from tests.portal.accounting.both_ways import questions
from tests.portal.accounting.stand_in import LinkedFirm
from tests.portal.payments.test_conservation import BROKEN

RECONCILED_WITHIN_S = 120
MOST_SHOWN = 60
LISTS = {"invoice": ("invoices", "invoice_id"), "payment": ("customerpayments", "payment_id"),
         "credit_note": ("creditnotes", "creditnote_id"), "customer": ("contacts", "contact_id"),
         "item": ("items", "item_id"), "tax": ("taxes", "tax_id")}  # fmt: skip


def unsettled(firm: LinkedFirm) -> list[str]:
    """What is still on its way."""
    with job_session(firm.organisation_id) as session:
        open_ = session.execute(select(Change.subject, Change.subject_id).where(~Change.is_settled)).all()
    return [f"{subject} {subject_id} of {firm.organisation_id}" for subject, subject_id in open_]


def nothing_waits(actor: Actor) -> Iterator[str]:
    with job_session(actor.firm.organisation_id) as session:
        for record in session.scalars(select(MirrorRecord).where(MirrorRecord.state != "in_step")):
            why = record.last_error or record.waits_for
            there = record.remote_status or record.remote_id
            yield f"{record.module} {record.local_id} is {record.state} ({there}), {record.attempts} tries: {why}"
    yield from (f"{one} is on its way" for one in unsettled(actor.firm))


def nothing_acknowledged_is_lost(actor: Actor) -> Iterator[str]:
    models = {"invoice": Invoice, "payment": Payment, "customer": Customer, "credit_note": CreditNote}
    with job_session(actor.firm.organisation_id) as session:
        for module, local_id in sorted(actor.acknowledged):
            if session.get(models[module], local_id) is None:
                yield f"{module} {local_id} was promised and is not there"
        known = session.execute(select(MirrorRecord.module, MirrorRecord.local_id)).all()
    for module, local_id in sorted(actor.acknowledged - {(row.module, row.local_id) for row in known}):
        yield f"{module} {local_id} has never been taken to the books"


def one_there_for_each_here(actor: Actor) -> Iterator[str]:
    with job_session(actor.firm.organisation_id) as session:
        records = session.scalars(select(MirrorRecord).where(MirrorRecord.remote_id.is_not(None))).all()
    for module, (plural, id_key) in LISTS.items():
        theirs = {str(one[id_key]) for one in actor.firm.there(plural)}
        kinds = ("tax", TAX_RATE) if module == "tax" else (module,)
        ours = {record.remote_id for record in records if record.module in kinds}
        yield from (f"{module} {one} there is none of ours" for one in sorted(theirs - ours))
        yield from (f"{module} {one} is not there" for one in sorted(ours - theirs, key=str))
    for what, plural in (("invoice_number", "invoices"), ("reference_number", "customerpayments"),
                         ("creditnote_number", "creditnotes")):  # fmt: skip
        counts = Counter(one[what] for one in actor.firm.there(plural))
        yield from (f"{plural} {number} is there {count} times" for number, count in counts.items() if count > 1)


def equal_money(actor: Actor) -> Iterator[str]:
    yield from _equal_invoices(actor)
    with job_session(actor.firm.organisation_id) as session:
        payments = session.execute(
            select(Payment.provider_payment_id, Payment.amount_minor, PaymentUse.unused_minor)
            .join(PaymentUse, PaymentUse.payment_id == Payment.id)
        ).all()  # fmt: skip
        notes = [
            (each.number, each.total_minor, kept_as_credit(session, each).minor)
            for each in session.scalars(select(CreditNote))
        ]
    paid = {one[name]: (_minor(one, "amount"), _minor(one, "unused_amount"))
            for one in actor.firm.there("customerpayments") for name in ("payment_id", "reference_number")}  # fmt: skip
    credited = {one["creditnote_number"]: (_minor(one, "total"), _minor(one, "balance"))
                for one in actor.firm.there("creditnotes")}  # fmt: skip
    for what, ours, theirs in (("payment", payments, paid), ("credit note", notes, credited)):
        for reference, amount, left in ours:
            if theirs.get(reference) != (amount, left):
                yield f"{what} {reference} is {(amount, left)} here and {theirs.get(reference)} there"


def _equal_invoices(actor: Actor) -> Iterator[str]:
    """Number, total, what is open and what was given up."""
    with job_session(actor.firm.organisation_id) as session:
        invoices = session.execute(
            select(Invoice.number, Invoice.total_minor, open_there(), Invoice.status)
            .add_columns(case((is_written_off(), Invoice.written_off_minor), else_=0))
            .join(InvoiceBalance, InvoiceBalance.invoice_id == Invoice.id)
            .where(Invoice.status != "draft")
        ).all()
    there = {one["invoice_number"]: one for one in actor.firm.there("invoices")}
    for number, total, balance, status, given_up in invoices:
        one = there.get(number, {})
        is_void = one.get("status") == "void"
        theirs = (_minor(one, "total"), 0 if is_void else _minor(one, "balance"), is_void,
                  _minor(one, "write_off_amount"))  # fmt: skip
        if theirs != (total, balance, status == "void", given_up):
            yield f"{number} is {(total, balance, status, given_up)} here and {theirs} there"


def money_is_conserved(actor: Actor) -> Iterator[str]:
    with job_session(actor.firm.organisation_id) as session:
        yield from (f"{kind} {row_id} does not add up" for kind, row_id in session.execute(BROKEN))
        crossed = session.execute(
            text("SELECT count(*) FROM customers WHERE organisation_id <> :own"), {"own": actor.firm.organisation_id}
        ).scalar_one()
    if crossed:
        yield f"{crossed} customers of another firm"


def compare(firm: LinkedFirm) -> None:
    """The nightly comparison, to its end."""
    with job_session(firm.organisation_id) as session:
        link = live_link(session)
        assert link is not None
        actions.ask(session, link, "chaos")
    until = time.monotonic() + RECONCILED_WITHIN_S
    while _is_running(firm) and time.monotonic() < until:
        time.sleep(0.2)


def nobody_is_asked(actor: Actor) -> Iterator[str]:
    yield from (f"{one.facts.get('label')}: {one.facts.get('title', one.field)}, {one.ours} here, {one.theirs} there"
                for one in questions(actor.firm))  # fmt: skip


def reconciled(actor: Actor) -> Iterator[str]:
    """The product's own reconciliation says the same."""
    compare(actor.firm)
    with job_session(actor.firm.organisation_id) as session:
        run = session.scalars(select(Reconciliation).order_by(Reconciliation.id.desc()).limit(1)).one()
        if run.stage != "done":
            yield f"the reconciliation is {run.stage}: {run.words}"
        for drift in session.scalars(select(DriftRow).where(DriftRow.run_id == run.id)):
            yield f"{drift.cause}: {drift.module} {drift.label}, here {drift.ours}, there {drift.theirs}"


def _is_running(firm: LinkedFirm) -> bool:
    with job_session(firm.organisation_id) as session:
        return (
            session.scalars(select(Reconciliation.id).where(Reconciliation.finished_at.is_(None))).first() is not None
        )


LAWS: Sequence[tuple[str, Callable[[Actor], Iterator[str]]]] = (
    ("nothing waits without a reason", nothing_waits),
    ("nobody is asked any more", nobody_is_asked),
    ("nothing acknowledged is lost", nothing_acknowledged_is_lost),
    ("one there for each here", one_there_for_each_here),
    ("the same money on both sides", equal_money),
    ("no penny is made or lost", money_is_conserved),
    ("the reconciliation finds no difference", reconciled),
)


def first_broken(actors: Sequence[Actor]) -> str:
    """The first law that does not hold, with what breaks it; empty when all hold."""
    for name, law in LAWS:
        for actor in actors:
            broken = list(law(actor))
            if broken:
                shown = "\n  ".join(broken[:MOST_SHOWN])
                return f"BROKEN: {name} (firm {actor.firm.organisation_id})\n  {shown}"
    return ""


def _minor(one: dict[str, Any], name: str) -> int:
    return round(float(one.get(name, -1)) * 100)
