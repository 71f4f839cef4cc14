"""A credit note that somebody voided in Zoho, or whose credit somebody moved there, and that a person wants there as it
is here: in force again, and off whatever it does not lower here."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from portal.accounting.mirror import uses
from portal.accounting.mirror.push import DRAFT, SENT, Act
from portal.accounting.mirror.send import status_of
from portal.accounting.models import MirrorRecord

VOID = "void"
_WANTED = "put_back"


def want(record: MirrorRecord) -> None:
    """Where its credit is there is read before anything is moved. Does not commit."""
    record.snapshot = {**(record.snapshot or {}), _WANTED: True, "there": None}


def next_act(record: MirrorRecord, wanted: Mapping[str, Decimal], there: uses.There) -> Act | None:
    """Never of itself: what somebody did there stays until a person says otherwise. None: nothing is in the way of what
    is to be put where; and the wish is fulfilled.

    wanted  Zoho's invoice → how much of it is put to that here
    """
    if not (record.snapshot or {}).get(_WANTED):
        return None
    if record.remote_status in (VOID, DRAFT):
        to, marks = ("draft", DRAFT) if record.remote_status == VOID else ("open", SENT)
        return Act("POST", f"/status/{to}", marks=marks)
    too_much = [
        at for at, amount in there.applied.items() if amount > wanted.get(at, Decimal(0)) and at in there.pieces
    ]
    if too_much:
        return taking_off(there, too_much[0])
    forget(record)
    return None


def forget(record: MirrorRecord) -> None:
    """Nobody waits for it any more."""
    if _WANTED in (record.snapshot or {}):
        record.snapshot = {key: value for key, value in (record.snapshot or {}).items() if key != _WANTED}


def taking_off(there: uses.There, invoice_id: str) -> Act:
    """A piece as a whole: then it is read what is left on that invoice of Zoho's."""
    return Act("DELETE", "", address=f"/invoices/{invoice_id}/creditsapplied/{there.pieces[invoice_id]}")


def note_status(record: MirrorRecord, there: Mapping[str, Any]) -> None:
    """there: the whole of it, as it was read."""
    record.remote_status = status_of(there)
