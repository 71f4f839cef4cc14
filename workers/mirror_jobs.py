"""The queue `mirror`: what changed here is brought to the linked Zoho organisation."""

from portal.accounting.consents import give_unused_back
from portal.accounting.mirror.drain import drain
from portal.accounting.planned import day
from workers.traced import traced


@traced
def look(organisation_id: int) -> None:
    """Bring everything that is due to this organisation's books, go over to another one on the day that was set, and
    give back permissions that nobody uses. Safe twice, and at the same time."""
    give_unused_back(organisation_id)
    day.look(organisation_id)
    drain(organisation_id)
