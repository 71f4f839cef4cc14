"""One of our records on its way to Zoho: what it is called there, what comes before it, what it is to be like."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from portal.accounting import mapping
from portal.accounting.agreement import comparison
from portal.accounting.mirror.uses import Uses

Need = tuple[str, int]  # module, our id
Twins = Callable[[str, int | None], str]  # the remote id of one of ours, "" where it has none


@dataclass(frozen=True)
class ComesTo:
    """What Zoho must come to, and by how much its rounding may explain a difference: of the total, and of each tax.
    figures: with the taxes; may_bear_others: a person lives with other ones."""

    total: Decimal
    roundings: Decimal
    of_each_tax: Decimal
    figures: comparison.Figures
    may_bear_others: bool = False


@dataclass(frozen=True)
class Source:
    """One of our records on its way to Zoho.

    label        "Invoice INV-00318": for people, and the name under which others wait for it
    name         what it is called there; `spare_name` when somebody else's record has that name
    build        payload from (remote ids, name, ids of the contact's persons there)
    invoice_ids  on whose timeline its steps are told
    figures      what Zoho must come to, for an invoice
    uses         where the money of a payment or a credit note is to be
    comes_to     the total of a credit note
    given_up     how much of an invoice is written off here, where nothing else of it is to pay
    is_open_again  money of one that is written off went back, and is to pay
    unsettled    of the needs, those that must be looked at first even where they are there
    undecided    of the needs, those that a person is asked about
    """

    label: str
    name: str
    build: Callable[[Twins, str, Mapping[str, str]], dict[str, Any]]
    needs: Sequence[Need] = ()
    unsettled: Sequence[Need] = ()
    undecided: Sequence[Need] = ()
    spare_name: str = ""
    invoice_ids: Sequence[int] = field(default_factory=list)
    figures: comparison.Figures | None = None
    customer: mapping.CustomerRecord | None = None
    is_void: bool = False
    given_up: Decimal | None = None
    is_open_again: bool = False
    is_inactive: bool = False
    stays_here: bool = False
    uses: Uses | None = None
    comes_to: ComesTo | None = None

    @property
    def is_written_off(self) -> bool:
        return self.given_up is not None


def present(*needs: tuple[str, int | None]) -> list[Need]:
    """Each need once, in the order in which they must come."""
    return list(dict.fromkeys((module, local_id) for module, local_id in needs if local_id is not None))
