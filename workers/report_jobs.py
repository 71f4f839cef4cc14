"""What nobody waits for."""

from sqlalchemy import text

from portal.invoices import following
from portal.shared import clock
from portal.shared.running import job_session
from workers.traced import traced


@traced
def look(_organisation_id: int) -> None:
    """Clear what has expired everywhere: sign-ins, consents under way, counts of tries, last year's reconciliations.
    And let drafts follow the taxes whose new rate has begun."""
    with job_session(None) as session:
        session.execute(
            text("SELECT gate.clear_expired(:at), gate.clear_old_reconciliations(:at)"), {"at": clock.now()}
        )
    following.follow_the_day(clock.now())
