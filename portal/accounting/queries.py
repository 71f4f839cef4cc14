"""Reads: what of ours is in the books, what is not and why, and how the link is doing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ScalarSelect, Select, Text, and_, case, cast, func, literal, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased

from portal.accounting import belonging, consents, directions, rules, switching
from portal.accounting.by_hand import queries as by_hand
from portal.accounting.link import live_link
from portal.accounting.mirror.modules import called
from portal.accounting.models import MODULES, TAX_RATE, Consent, ImportRow, Link, MirrorRecord, TaxAtRate
from portal.accounting.planned.models import PlannedSwitch
from portal.accounting.pull.models import Question
from portal.catalogue.models import Item
from portal.customers.models import Customer
from portal.gateways.zoho.calls import PRODUCTS
from portal.invoices.credit_notes.models import CreditApplication, CreditNote
from portal.invoices.models import Invoice
from portal.payments.models import Allocation, Payment
from portal.shared import clock
from portal.shared.outbox import Change, plan_for_many
from portal.taxes.models import Tax

MOST_SHOWN = 200
_NAMES: dict[str, tuple[Any, Any]] = {
    "tax": (Tax, Tax.name), "customer": (Customer, Customer.name), "item": (Item, Item.name),
    "invoice": (Invoice, Invoice.number), "payment": (Payment, Payment.number),
    "credit_note": (CreditNote, CreditNote.number), TAX_RATE: (TaxAtRate, TaxAtRate.name),
}  # fmt: skip


@dataclass(frozen=True)
class LinkState:
    """state as the component `mirror_state` words it: none, in_step, waiting, failed, paused."""

    state: str
    name: str = ""
    product_name: str = ""
    words: str = ""
    needs_a_look: int = 0
    on_the_way: int = 0
    to_decide: int = 0
    unmatched: int = 0
    by_hand: int = 0
    left_at: int | None = None  # a consent that waits for its choice
    was_elsewhere: bool = False  # another organisation was linked before

    def __bool__(self) -> bool:
        """Is there a link at all?"""
        return self.state != "none"


class Tied(NamedTuple):
    """The live link, the consent it stands on, and the plan to leave it."""

    link: Link
    consent: Consent
    plan: PlannedSwitch | None = None


def tied_now(session: Session) -> Tied | None:
    """One statement."""
    row = session.execute(
        select(Link, Consent, PlannedSwitch)
        .join(Consent, Consent.id == Link.consent_id)
        .outerjoin(PlannedSwitch, and_(PlannedSwitch.link_id == Link.id, PlannedSwitch.ended_at.is_(None)))
        .where(Link.archived_at.is_(None))
    ).one_or_none()
    return Tied(*row) if row is not None else None


def link_state(session: Session, tied: Tied | None = None) -> LinkState:
    """How the link is doing, in two statements; in one with what tied_now has read."""
    tied = tied or tied_now(session)
    if tied is None:
        return LinkState("none", left_at=session.scalar(select(consents.left_at())))
    asked = _counts(tied.link.id).add_columns(
        _questions(tied.link.id), _unmatched(tied.link.id), by_hand.how_many(), consents.left_at(),
        select(Link.id).where(Link.id != tied.link.id).exists(),
    )  # fmt: skip
    troubled, open_, to_decide, unmatched, by_person, left_at, was_elsewhere = session.execute(asked).one()
    state, words = _health(tied.link, tied.consent, troubled, open_ + by_person)
    name = PRODUCTS[tied.link.product].name
    return LinkState(
        state, tied.link.remote_name, name, words, troubled, open_, to_decide, unmatched, by_person, left_at,
        was_elsewhere,
    )  # fmt: skip


def linked_elsewhere(session: Session, organisation_id: int, remote_ids: Sequence[str]) -> set[str]:
    """Those of Zoho's organisations that another firm of the portal is linked to; not which one. One statement."""
    asked = select(func.unnest(cast(list(remote_ids), ARRAY(Text))).label("remote")).subquery()
    is_taken = func.gate.is_linked_elsewhere(asked.c.remote, organisation_id)
    return set(session.scalars(select(asked.c.remote).where(is_taken)))


def books_states(session: Session, invoice_ids: Sequence[int]) -> dict[int, str]:
    """invoice id → "in step", "waiting", "sending", "needs a look" or "not linked", its payments included; or "stays
    in" and the name of another organisation that has it."""
    link = live_link(session)
    if link is None:
        return dict.fromkeys(invoice_ids, rules.NOT_LINKED)
    found: dict[int, list[str]] = {invoice_id: [] for invoice_id in invoice_ids}
    stayed = belonging.left_behind(session, link.id, invoice_ids)
    before = switching.link_before(session, link) if stayed else None
    homes = belonging.homes(session, link.id, stayed) if stayed else {}
    moved = [invoice_id for invoice_id in invoice_ids if invoice_id not in stayed]
    for at, ids in ((link, moved), (before, stayed)):
        if at is None:
            continue
        for invoice_id, state in session.execute(_parts(at.id, ids)):
            found[invoice_id].append(state)
    in_others = {invoice_id: f"stays in {home.name}" for invoice_id, home in homes.items()}
    return {invoice_id: rules.shown_state(states) for invoice_id, states in found.items()} | in_others


def count_not_in_books(session: Session) -> int | None:
    """Records of every kind that have not reached the books: just those that the inbox lists. Without a link, what is
    to be entered by hand in one that was left; None where that is nothing."""
    link_id = select(Link.id).where(Link.archived_at.is_(None)).scalar_subquery()
    row = session.execute(_counts(link_id).add_columns(link_id, by_hand.how_many())).one()
    by_person: int = row[3]
    if row[2] is None:
        return by_person or None
    return int(row[0] + row[1] + by_person)


class UnderWay(NamedTuple):
    """is_paused: it rests with all of its kind, until they are resumed."""

    name: str
    is_paused: bool


def under_way(session: Session, link_id: int) -> list[UnderWay]:
    """What is on its way with nothing in its way, for example "Invoice INV-00318"; the first of many."""
    plan_for_many(session)
    waits = select(MirrorRecord.id).where(
        MirrorRecord.link_id == link_id, MirrorRecord.module == Change.subject,
        MirrorRecord.local_id == Change.subject_id, MirrorRecord.state.in_(("waiting", rules.LEFT_OUT_STATE)),
    )  # fmt: skip
    changes = session.execute(
        select(Change.subject, Change.subject_id, Change.subject.in_(directions.resting(link_id)))
        .where(~Change.is_settled, Change.subject.in_(MODULES), ~waits.exists())
        .order_by(Change.changed_at)
        .limit(MOST_SHOWN)
    ).all()
    named = names_of(session, [(module, local_id) for module, local_id, _ in changes])
    return [
        UnderWay(f"{called(module)} {named.get((module, local_id), local_id)}", is_resting)
        for module, local_id, is_resting in changes
    ]


def names_of(session: Session, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """(module, our id) → what people call it; one statement, whatever modules there are."""
    if not wanted:
        return {}
    parts = []
    for module in sorted({module for module, _ in wanted}):
        model, name = _NAMES[module]
        ids = [local_id for each, local_id in wanted if each == module]
        parts.append(select(literal(module), model.id, cast(name, Text)).where(model.id.in_(ids)))
    return {(module, local_id): name for module, local_id, name in session.execute(union_all(*parts))}


def _health(link: Link, consent: Consent, troubled: int, open_: int) -> tuple[str, str]:
    if consent.lost_at is not None or consent.revoked_at is not None:
        return "failed", "Zoho no longer accepts this connection. Connect again; nothing is lost."
    if link.restored_at is not None:
        return "waiting", rules.RESTORED
    quiet = link.quiet_why if link.quiet_until is not None and link.quiet_until > clock.now() else ""
    if troubled:
        return "failed", quiet
    return ("waiting" if open_ else "in_step"), quiet


def _counts(link_id: Any) -> Select[int, int]:
    troubled = select(func.count()).where(MirrorRecord.link_id == link_id, MirrorRecord.state.in_(rules.TROUBLED))
    open_ = select(func.count()).where(~Change.is_settled, Change.subject.in_(MODULES))
    return select(troubled.scalar_subquery(), open_.scalar_subquery())


def _questions(link_id: int) -> ScalarSelect[int]:
    return select(func.count()).where(Question.link_id == link_id, Question.decision == "").scalar_subquery()


def _unmatched(link_id: int) -> ScalarSelect[int]:
    """What was met in Zoho and may be one of ours: nobody has said so yet."""
    unsure = (ImportRow.found == "unsure") & (ImportRow.decision == "") & ImportRow.done_at.is_(None)
    return select(func.count()).where(ImportRow.link_id == link_id, unsure).scalar_subquery()


def _parts(link_id: int, invoice_ids: Sequence[int]) -> Any:
    """(invoice id, state) of each invoice, of each payment allocated to it and of each credit note of it or put to it;
    "" where nothing was begun yet."""
    invoices = select(Invoice.id.label("invoice_id"), literal("invoice").label("module"), Invoice.id.label("local_id"))
    payments = select(Allocation.invoice_id, literal("payment"), Allocation.payment_id)
    notes = select(CreditNote.invoice_id, literal("credit_note"), CreditNote.id)
    put = select(CreditApplication.invoice_id, literal("credit_note"), CreditApplication.credit_note_id)
    parts = union_all(
        invoices.where(Invoice.id.in_(invoice_ids)), payments.where(Allocation.invoice_id.in_(invoice_ids)),
        notes.where(CreditNote.invoice_id.in_(invoice_ids)), put.where(CreditApplication.invoice_id.in_(invoice_ids)),
    ).subquery()  # fmt: skip
    record, change = aliased(MirrorRecord), aliased(Change)
    edited = and_(record.state == "in_step", change.version > record.version_pushed)
    state = case((edited, "pending"), else_=func.coalesce(record.state, ""))
    return (
        select(parts.c.invoice_id, state)
        .outerjoin(
            record,
            and_(record.link_id == link_id, record.module == parts.c.module, record.local_id == parts.c.local_id),
        )
        .outerjoin(change, and_(change.subject == parts.c.module, change.subject_id == parts.c.local_id))
    )
