"""What nobody waits for."""

from sqlalchemy import text

from portal.shared import clock
from portal.shared.running import job_session
from workers.traced import traced


@traced
def look(_organisation_id: int) -> None:
    """Clear what has expired everywhere: sign-ins, consents under way, counts of tries, last year's reconciliations."""
    with job_session(None) as session:
        session.execute(
            text("SELECT gate.clear_expired(:at), gate.clear_old_reconciliations(:at)"), {"at": clock.now()}
        )
