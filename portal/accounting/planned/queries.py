"""Reads: what waits for the organisation that is gone over to, and what keeps a firm from going over by itself."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from portal.accounting import rules
from portal.accounting.models import Consent, Link, MirrorRecord, ModuleSetting
from portal.accounting.planned.models import PlannedSwitch
from portal.accounting.pull.models import Question
from portal.invoices.credit_notes.models import CreditApplication, CreditNote
from portal.invoices.models import DRAFT, Invoice
from portal.organisations.models import Organisation
from portal.payments.models import Allocation, Payment
from portal.shared import clock
from portal.shared.outbox import Change

_MODELS: dict[str, Any] = {"invoice": Invoice, "payment": Payment, "credit_note": CreditNote}
_AGREED = "start"  # of the steps of a set-up: it was finished once (setup.steps.START)


@dataclass(frozen=True)
class PlannedState:
    """What the page of the link shows of a plan. waiting: invoices; in_the_way: sentences."""

    plan: PlannedSwitch
    waiting: int
    in_the_way: list[str]
    has_come: bool


def open_plan(session: Session, *, is_locked: bool = False) -> PlannedSwitch | None:
    plan = select(PlannedSwitch).where(PlannedSwitch.ended_at.is_(None))
    if is_locked:
        plan = plan.with_for_update().execution_options(populate_existing=True)
    return session.scalars(plan).one_or_none()


def later(plan: PlannedSwitch, module: str) -> Select[int]:
    """Ids of what waits for the day: invoices dated on it or after, the money and the credit notes that hang on them,
    and money received since that pays nothing yet. What has reached an organisation, or may have, stays with it."""
    model = _MODELS[module]
    return select(model.id).where(~_reached(plan, module, model.id), _LATER[module](plan))


def is_held(session: Session, record: MirrorRecord) -> PlannedSwitch | None:
    """The plan that this document waits for."""
    if record.module not in _MODELS or record.remote_id is not None or record.sending_since is not None:
        return None
    plan = open_plan(session)
    if plan is None or plan.link_id != record.link_id:
        return None
    found = session.scalars(later(plan, record.module).where(_MODELS[record.module].id == record.local_id)).first()
    return plan if found is not None else None


def waiting(session: Session, plan: PlannedSwitch) -> int:
    """How many invoices wait for the day."""
    sent = later(plan, "invoice").where(Invoice.status != DRAFT)
    return session.scalars(select(func.count()).select_from(sent.subquery())).one()


def in_the_way(session: Session, plan: PlannedSwitch) -> list[str]:
    """Why nothing goes over by itself on the day, in sentences, but for what Zoho says (plan.problem); a person may go
    over all the same. One statement."""
    told = list[str]()
    old, lost_at, open_, resting, troubled, asked, is_known = session.execute(_standing(plan)).one()
    if lost_at is not None:
        told.append(f"Zoho no longer lets us into {old.remote_name}: connect it again, so that what is dated before"
                    " the day still reaches it.")  # fmt: skip
    if old.restored_at is not None:
        told.append(rules.RESTORED)
    if open_:
        why = " Some of it is paused: resume it." if resting else ""
        told.append(f"Not in {old.remote_name} yet, and to go there: {open_:,}.{why}")
    if troubled:
        told.append(f"{old.remote_name} needs a look at {troubled:,}, listed under What needs a look.")
    if asked:
        told.append(f"Questions about {old.remote_name} that nobody has decided: {asked:,}.")
    if not plan.is_new and not is_known:
        told.append(f"Customers, items and taxes are compared with those in {plan.remote_name}, and only people can"
                    " decide what is the same.")  # fmt: skip
    return told


def why_not(session: Session, plan: PlannedSwitch) -> list[str]:
    """All that is in the way, Zoho's own refusal first."""
    return [*filter(None, [plan.problem]), *in_the_way(session, plan)]


def planned_state(session: Session, plan: PlannedSwitch) -> PlannedState:
    """Three statements."""
    has_come = plan.cut_over_on <= clock.today(session.scalars(select(Organisation.time_zone)).one())
    return PlannedState(plan, waiting(session, plan), why_not(session, plan), has_come)


def _standing(plan: PlannedSwitch) -> Select[Any]:
    known = aliased(Link)
    of_documents = MirrorRecord.module.in_(_MODELS)
    of_old = MirrorRecord.link_id == plan.link_id
    troubled = select(func.count()).where(of_old, of_documents, MirrorRecord.state.in_(rules.TROUBLED))
    asked = select(func.count()).where(Question.link_id == plan.link_id, Question.decision == "")
    paused = select(ModuleSetting.id).where(ModuleSetting.link_id == plan.link_id, ModuleSetting.is_paused)
    is_known = select(known.id).where(
        known.remote_organisation_id == plan.remote_organisation_id, known.product == plan.product,
        or_(known.setup_steps.has_key(_AGREED), ~known.setup_steps.has_key("begun")),
    )  # fmt: skip
    return (
        select(
            Link, func.coalesce(Consent.lost_at, Consent.revoked_at), _on_the_way(plan).scalar_subquery(),
            paused.exists(), troubled.scalar_subquery(), asked.scalar_subquery(), is_known.exists(),
        )
        .join(Consent, Consent.id == Link.consent_id)
        .where(Link.id == plan.link_id)
    )  # fmt: skip


def _on_the_way(plan: PlannedSwitch) -> Select[int]:
    """Documents that the organisation of now still has to hear of. What pays an invoice that waits, waits with it."""
    drafts = select(Invoice.id).where(Invoice.status == DRAFT)
    not_of_now = {
        "invoice": [later(plan, "invoice"), drafts],
        "payment": [later(plan, "payment"), _paying(plan)],
        "credit_note": [later(plan, "credit_note"), _crediting(plan)],
    }  # fmt: skip
    of_now = or_(
        *(and_(Change.subject == module, *(Change.subject_id.not_in(ids) for ids in left_out))
          for module, left_out in not_of_now.items())
    )  # fmt: skip
    return select(func.count()).select_from(Change).where(~Change.is_settled, of_now)


def _reached(plan: PlannedSwitch, module: str, local_id: Any) -> ColumnElement[bool]:
    """Also what was sent there and never answered: it may be there."""
    there = aliased(MirrorRecord)
    may_be = or_(there.remote_id.is_not(None), there.sending_since.is_not(None))
    of_it = and_(there.link_id == plan.link_id, there.module == module, there.local_id == local_id)
    return exists().where(of_it, may_be)


def _paying(plan: PlannedSwitch) -> Select[int]:
    return select(Allocation.payment_id).where(Allocation.invoice_id.in_(later(plan, "invoice")))


def _crediting(plan: PlannedSwitch) -> Select[int]:
    return select(CreditApplication.credit_note_id).where(CreditApplication.invoice_id.in_(later(plan, "invoice")))


def _later_payment(plan: PlannedSwitch) -> ColumnElement[bool]:
    is_unused = ~exists().where(Allocation.payment_id == Payment.id)
    return or_(is_unused & (Payment.received_on >= plan.cut_over_on), Payment.id.in_(_paying(plan)))


def _later_note(plan: PlannedSwitch) -> ColumnElement[bool]:
    return or_(CreditNote.invoice_id.in_(later(plan, "invoice")), CreditNote.id.in_(_crediting(plan)))


_LATER = {
    "invoice": lambda plan: Invoice.issued_on >= plan.cut_over_on, "payment": _later_payment,
    "credit_note": _later_note,
}  # fmt: skip
