"""How many cards were refused, as a part of larger reads: an invoice or deposit with too many takes none for a day."""

from typing import Any

from sqlalchemy import ScalarSelect, SQLColumnExpression, String, cast, func, literal_column, select

from portal.payments.models import StripeEvent
from portal.payments.rules import DECLINED


def count_refused(of: SQLColumnExpression[int], since: Any, *, kind: str = "invoice") -> ScalarSelect[int]:
    """Of the invoice or deposit that a larger read asks for. since: an instant, or the parameter that holds it."""
    # Spelt out, not a parameter: a plan that is made once for all of them finds the index of refusals only like this.
    is_refusal = StripeEvent.kind == literal_column(f"'{DECLINED}'")
    return (
        select(func.count())
        .select_from(StripeEvent)
        .where(is_refusal, StripeEvent.created_at > since)
        .where(StripeEvent.body["metadata"][kind].as_string() == cast(of, String))
        .scalar_subquery()
    )
