"""Each answer about an invoice is compared, kept, and holds the invoice where it differs."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from portal.accounting.agreement import comparison, queries
from portal.accounting.agreement.comparison import Figures
from portal.accounting.agreement.models import AgreementCheck
from portal.accounting.models import MirrorRecord
from portal.invoices import holds
from portal.payments.actions import look_soon
from portal.shared.logs import trace

_OTHER = "In Zoho it is an invoice of another customer."


def check(
    session: Session, record: MirrorRecord, ours: Figures, answer: Mapping[str, Any], *, is_void: bool,
    customer: str = "",
) -> str:  # fmt: skip
    """What differs, in words, or nothing: then whatever held the invoice is over. Does not commit.

    record   the invoice's, its row locked
    is_void  nobody is to pay it any more: no difference matters
    customer  the id there of whom it is to be of, where that is known
    """
    ours = replace(ours, number=record.remote_number or ours.number)  # it may have gone over under another one
    theirs = comparison.their_figures(answer, like=ours)
    is_of_another = customer not in ("", str(answer.get("customer_id", customer)))
    words = "" if is_void else (_OTHER if is_of_another else comparison.cause(ours, theirs))
    decided = queries.decision_in_force(session, record.link_id, record.local_id) if words else None
    if decided is not None and comparison.from_text(decided.expects) == theirs:
        words = ""
    session.add(
        AgreementCheck(
            organisation_id=record.organisation_id, link_id=record.link_id, invoice_id=record.local_id,
            cause=words[:500], ours=comparison.as_text(ours), theirs=comparison.as_text(theirs), trace=trace.get(),
        )
    )  # fmt: skip
    session.flush()
    if words:
        holds.hold(session, record.organisation_id, record.local_id, words)
        look_soon(session, record.local_id)  # a payment page that is open already is closed
    else:
        holds.release(session, "agrees", record.local_id)
    return words
