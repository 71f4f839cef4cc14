"""The queue `mirror`: what changed here is brought to the linked Zoho organisation."""

from portal.accounting.mirror.drain import drain
from workers.traced import traced


@traced
def look(organisation_id: int) -> None:
    """Bring everything that is due to this organisation's books. Safe twice, and at the same time."""
    drain(organisation_id)
