"""What was deleted in Zoho. The nightly comparison does not find it in the list and asks Zoho for it by its id: only
after these two sightings a person is asked. A reading that failed is no deletion."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting.models import MirrorRecord, ModuleSetting
from portal.accounting.pull import questions
from portal.accounting.pull.models import GONE, Question
from portal.accounting.reconciliation.comparing import DELETED_THERE
from portal.accounting.reconciliation.models import DONE, DriftRow, Reconciliation


def ask_about(session: Session, link_id: int) -> int:
    """How many questions are new, of modules that are kept from both sides. Does not commit."""
    newest = select(func.max(Reconciliation.id)).where(Reconciliation.link_id == link_id, Reconciliation.stage == DONE)
    both_ways = select(ModuleSetting.module).where(
        ModuleSetting.link_id == link_id, ModuleSetting.direction == "both", ~ModuleSetting.is_paused
    )
    asked = select(Question.id).where(
        Question.link_id == link_id, Question.module == DriftRow.module, Question.local_id == DriftRow.local_id,
        Question.kind == GONE, Question.remote_id == MirrorRecord.remote_id,
    )  # fmt: skip
    found = session.execute(
        select(DriftRow, MirrorRecord)
        .join(MirrorRecord, (MirrorRecord.module == DriftRow.module) & (MirrorRecord.local_id == DriftRow.local_id))
        .where(DriftRow.run_id == newest.scalar_subquery(), DriftRow.cause == DELETED_THERE)
        .where(DriftRow.module.in_(both_ways), MirrorRecord.link_id == link_id, MirrorRecord.remote_id.is_not(None))
        .where(~asked.exists())
    ).all()
    for drift, record in found:
        questions.ask(
            session, questions.of(record), GONE, ours="is here", theirs="deleted",
            facts={"label": f"{drift.module.capitalize()} {drift.label}", "title": "Was deleted in Zoho",
                   "why": "It was there, and is gone. Nothing is made or ended until you say."},
        )  # fmt: skip
    return len(found)
