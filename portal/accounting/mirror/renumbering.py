"""An invoice whose number Zoho has given to another one: ours goes over beside it, under a number of its own there.

Never of itself, as the other one may be the same, made there by hand. The customer's copy keeps its number.
"""

from sqlalchemy import func
from sqlalchemy.orm import Session

from portal.accounting.mirror import sources
from portal.accounting.models import MirrorRecord
from portal.organisations import audit
from portal.shared import outbox
from portal.shared.errors import RuleBroken


class CannotRenumber(RuleBroken):
    """It is there, may be there, or has another number already."""


def send_beside(session: Session, record: MirrorRecord) -> str:
    """What was done, in words. record: an invoice's, its row locked. Raises CannotRenumber. Does not commit."""
    source = sources.read(session, record.module, record.local_id)
    if source is None or record.module != "invoice" or record.remote_id is not None or record.sending_since is not None:
        raise CannotRenumber("This one is in Zoho already, or on its way there.")
    if record.state == "pending" and record.remote_number == source.spare_name:
        return f"It goes over as {source.spare_name}."
    if record.remote_number == source.spare_name:
        raise CannotRenumber(f"{source.spare_name} is taken in Zoho as well. Change the number of the other one there.")
    record.remote_number = source.spare_name
    record.state, record.attempts, record.last_error, record.last_error_code = "pending", 0, "", ""
    record.next_try_at = func.clock_timestamp()
    outbox.record(session, record.organisation_id, record.module, record.local_id)
    audit.note(
        session, record.organisation_id, "numbered otherwise in the books", "invoice", record.local_id,
        words=f"{source.label} goes to the books as {source.spare_name}, as its number is taken there",
    )  # fmt: skip
    return f"It goes over as {source.spare_name} now. The customer's copy keeps its number."
