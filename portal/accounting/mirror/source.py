"""One of our records on its way to Zoho: what it is called there, what comes before it, what it is to be like."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from portal.accounting import mapping
from portal.accounting.agreement import comparison
from portal.accounting.mirror.uses import Uses

Need = tuple[str, int]  # module, our id
Twins = Callable[[str, int | None], str]  # the remote id of one of ours, "" where it has none


@dataclass(frozen=True)
class Source:
    """One of our records on its way to Zoho.

    label        "Invoice INV-00318": for people, and the name under which others wait for it
    name         what it is called there; `spare_name` when somebody else's record has that name
    build        payload from (remote ids, name, ids of the contact's persons there)
    invoice_ids  on whose timeline its steps are told
    figures      what Zoho must come to, for an invoice
    uses         where the money of a payment is to be
    """

    label: str
    name: str
    build: Callable[[Twins, str, Mapping[str, str]], dict[str, Any]]
    needs: Sequence[Need] = ()
    spare_name: str = ""
    invoice_ids: Sequence[int] = field(default_factory=list)
    figures: comparison.Figures | None = None
    customer: mapping.CustomerRecord | None = None
    is_void: bool = False
    stays_here: bool = False
    uses: Uses | None = None
