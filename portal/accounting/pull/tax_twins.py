"""An organisation is linked once more: taxes that both sides have added since are one where they are alike."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting import directions
from portal.accounting.mirror.lease import Turn
from portal.accounting.models import TAX_RATE, Link, MirrorRecord
from portal.accounting.pull import tax_changes
from portal.accounting.setup import tax_pairs, tying
from portal.accounting.setup.tax_reading import TheirTax
from portal.taxes.queries import list_taxes


def tie_alike(session: Session, turn: Turn, theirs: Sequence[TheirTax]) -> None:
    """Ours that have never reached it, with those there that nothing of ours stands for. A rate that differs is looked
    at like any that was changed on both sides: people are asked. Does not commit."""
    link = session.get_one(Link, turn.link_id)
    if directions.AGAIN not in link.setup_steps:
        return
    known, day = _known(session, turn.link_id), tax_changes.today(session)
    by_id = {their.id: their for their in theirs}
    tied = {ours: by_id[remote_id] for ours, remote_id in known.items() if remote_id in by_id}
    taken = set(known.values())
    free = [their for their in theirs if their.id not in taken]
    ours = [tax for tax in list_taxes(session) if tax.id not in known]
    simple = [tax for tax in ours if tax.kind in ("percent", "zero")]
    pairs = tax_pairs.pair([(tax.id, tax.name, tax.rate_on(day)) for tax in simple], free)
    pairs |= tax_pairs.same_name([tax for tax in simple if tax.id not in pairs], free, pairs)
    pairs |= tax_pairs.pair_groups([tax for tax in ours if tax.kind == "group"], free, tied | pairs)
    for tax_id, their in pairs.items():
        tying.tie(
            session, turn.organisation_id, turn.link_id, "tax", tax_id, their.id,
            snapshot={tax_changes.LEVIED: their.authority},
        )  # fmt: skip


def _known(session: Session, link_id: int) -> dict[int, str]:
    """Our tax → its twin there; "" of one whose create Zoho has not answered, which is looked for by its name. Those
    for older rates stand under numbers below nought, which no tax has."""
    rows = session.execute(
        select(MirrorRecord.module, MirrorRecord.local_id, MirrorRecord.remote_id)
        .where(MirrorRecord.link_id == link_id, MirrorRecord.module.in_(("tax", TAX_RATE)))
        .where(MirrorRecord.remote_id.is_not(None) | MirrorRecord.sending_since.is_not(None))
    )
    return {local_id if module == "tax" else -local_id: remote_id or "" for module, local_id, remote_id in rows}
