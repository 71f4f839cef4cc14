"""One step of one record on its way to Zoho, as it is planned, sent and recorded."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portal.accounting.mirror.persons_there import OurPersons
from portal.accounting.mirror.source import Source
from portal.accounting.mirror.uses import There

LOOK, CREATE, UPDATE, VOID, READ, ACT = "look", "create", "update", "void", "read", "act"
DRAFT, SENT, WRITTEN_OFF = "draft", "sent", "written_off"  # of what a paper's mirror record says of it
INACTIVE = "inactive"  # what a customer's or an item's mirror record says of it then
COMPARE = "compare"  # read, and brought together with ours before anything is sent


@dataclass(frozen=True)
class Act:
    """What is done to a record that is there, at an address below its own.

    marks  the record's status there after it, where it changes that
    there  where the money is after it, but for the id of a refund that Zoho only tells in its answer
    address  where that is done, if not below its own
    """

    method: str
    path_end: str
    body: dict[str, Any] | None = None
    marks: str | None = None
    there: There | None = None
    address: str = ""


@dataclass(frozen=True)
class Push:
    """One step on the way to Zoho, good for one try.

    payload        what is sent, or what our own record must look like when we look for it
    snapshot       the payload as it is kept for comparison
    unknown_since  since when it is open whether an earlier try succeeded
    taken          remote ids that stand for other taxes of ours already
    told           for people, once it is done; "" for nothing
    our_persons    of a customer's update that says who its persons are: whoever else is there is kept; none where
                   nobody can be, as they were read and taken over a moment ago
    kept           parts of the payload that an update leaves as they are there
    is_last        nothing is left to do for this record after it
    """

    record_id: int
    module: str
    local_id: int
    verb: str
    version: int
    reference: str
    remote_id: str
    payload: dict[str, Any]
    snapshot: dict[str, Any]
    source: Source
    unknown_since: datetime | None
    taken: frozenset[str] = frozenset()
    act: Act | None = None
    told: str = ""
    our_persons: OurPersons | None = None
    kept: frozenset[str] = frozenset()
    is_last: bool = True


@dataclass(frozen=True)
class Needs:
    """These records must be in Zoho first, and can be worked on now."""

    record_ids: list[int] = field(default_factory=list)
    for_invoice: int | None = None  # whose timeline hears of them
