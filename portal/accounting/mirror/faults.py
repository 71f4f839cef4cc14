"""Our own program stumbled over one record: the others go on, and in the end people are told."""

from portal.accounting import rules
from portal.accounting.mirror import records
from portal.accounting.mirror.lease import Turn, held
from portal.accounting.models import MirrorRecord
from portal.shared import outbox

_OUR_FAULT = "The portal cannot write this record to Zoho ({kind}). The fault is the portal's: tell whoever runs it."


def fault(turn: Turn, record_id: int, kind: str) -> None:
    """It comes back a few times, then it is shown to people."""
    with held(turn) as session:
        record = session.get_one(MirrorRecord, record_id, with_for_update=True)
        record.last_error, record.last_error_code = _OUR_FAULT.format(kind=kind)[:500], "portal"
        if record.attempts >= rules.MOST_FAULTS:
            version = records.version_of(session, record)
            record.state = "failed"
            outbox.settle(session, record.organisation_id, record.module, record.local_id, version)
