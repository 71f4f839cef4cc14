"""What a customer has with the firm and has not used: of payments, and of credit notes."""

from sqlalchemy.orm import Session

from portal.invoices.credit_notes.queries import kept_notes
from portal.payments.queries import unused_credit
from portal.shared.money import Money


def credit_of(session: Session, customer_id: int, currency: str) -> Money:
    """All of it in that currency, nothing where there is none."""
    uses, kept = unused_credit(session, customer_id, currency), kept_notes(session, customer_id, currency)
    return Money.total([*(use.unused for use in uses), *(each.kept for each in kept)], currency)
