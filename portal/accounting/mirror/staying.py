"""What of a document is no business of the link that is served: another organisation has it, or what it pays."""

from dataclasses import replace

from sqlalchemy.orm import Session

from portal.accounting import belonging
from portal.accounting.mirror.sources import Source
from portal.accounting.models import MirrorRecord


def without_what_stays(session: Session, record: MirrorRecord, source: Source | None) -> Source | None:
    """Nothing of an invoice that another organisation has; of a credit that pays one, all but that."""
    if source is None or record.module not in belonging.DOCUMENTS:
        return source
    if record.module != "invoice" and belonging.belongs_elsewhere(
        session, record.link_id, record.module, record.local_id
    ):
        return None
    stayed = set(belonging.left_behind(session, record.link_id, source.invoice_ids))
    if not stayed or source.uses is None or record.module == "payment" or source.invoice_ids[0] in stayed:
        return None if stayed else source
    applied = {each: amount for each, amount in source.uses.applied.items() if each not in stayed}
    needs = [need for need in source.needs if need[0] != "invoice" or need[1] not in stayed]
    return replace(source, needs=needs, uses=replace(source.uses, applied=applied))
