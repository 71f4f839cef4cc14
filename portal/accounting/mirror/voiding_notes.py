"""A credit note that was voided here, on its way to Zoho: off every invoice first, as one that lowers any cannot be
voided there, and void after that."""

from portal.accounting.mirror import putting_back
from portal.accounting.mirror.push import VOID, Act
from portal.accounting.mirror.uses import There
from portal.accounting.models import MirrorRecord


def next_act(record: MirrorRecord, there: There) -> Act | None:
    """None when it is void there. An act of nothing: it must be read first by what it is taken off."""
    putting_back.forget(record)
    if record.remote_status == VOID:
        return None
    for invoice_id in there.applied:
        return putting_back.taking_off(there, invoice_id) if invoice_id in there.pieces else Act("", "")
    return Act("POST", "/status/void", marks=VOID)
