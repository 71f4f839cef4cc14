"""Taking taxes of Zoho's over here: simple ones, groups with their members, exemptions."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounting.exemptions import tie_reason
from portal.accounting.models import MirrorRecord
from portal.accounting.setup import tying
from portal.accounting.setup.tax_reading import COMPOUND, GROUP, TheirTax
from portal.taxes.actions import add_group, add_tax
from portal.taxes.authorities.actions import named
from portal.taxes.models import Tax
from portal.taxes.standing.actions import add_exemption
from portal.taxes.standing.models import Exemption


class Taker:
    """Takes over of `theirs` what is wanted, each once. Raises CannotChangeTax, CannotChangeStanding. Does not
    commit."""

    def __init__(self, session: Session, organisation_id: int, link_id: int, theirs: Sequence[TheirTax]) -> None:
        self._session, self._organisation_id, self._link_id = session, organisation_id, link_id
        self._theirs = {their.id: their for their in theirs}

    def take(self, remote_id: str) -> Tax:
        """The tax here that stands for this one; made, with its members, where there is none yet."""
        known = self._known(remote_id)
        if known is not None:
            return known
        their = self._theirs[remote_id]
        tax = self._group(their) if their.kind == GROUP else self._simple(their)
        self.tie(tax.id, their)
        return tax

    def take_reason(self, remote_id: str) -> Exemption:
        """An exemption becomes a reason for customers or items, called by its code."""
        their = self._theirs[remote_id]
        added = add_exemption(self._session, self._organisation_id, their.name[:100], their.applies_to)
        self.tie_reason(their, exemption_id=added.id)
        return added

    def tie_reason(self, their: TheirTax, *, exemption_id: int | None = None, tax_id: int | None = None) -> None:
        """So that customers, items and lines can name it there."""
        tie_reason(
            self._session, self._organisation_id, self._link_id, their.id, exemption_id=exemption_id, tax_id=tax_id
        )  # fmt: skip

    def tie(self, tax_id: int, their: TheirTax) -> None:
        tying.tie(
            self._session,
            self._organisation_id,
            self._link_id,
            "tax",
            tax_id,
            their.id,
            snapshot={"common": known(their), "levied": their.authority},
        )

    def _simple(self, their: TheirTax) -> Tax:
        kind = "percent" if their.rate else "zero"
        return add_tax(
            self._session, self._organisation_id, their.name[:100], their.rate, kind=kind,
            authority_id=named(self._session, self._organisation_id, their.authority),
        )  # fmt: skip

    def _group(self, their: TheirTax) -> Tax:
        members = [self.take(each) for each in their.members]
        is_compound = self._theirs[their.members[-1]].kind == COMPOUND if their.members else False
        return add_group(
            self._session, self._organisation_id, their.name[:100], members, last_is_compound=is_compound
        )  # fmt: skip

    def _known(self, remote_id: str) -> Tax | None:
        return self._session.scalars(
            select(Tax)
            .join(MirrorRecord, MirrorRecord.local_id == Tax.id)
            .where(MirrorRecord.link_id == self._link_id, MirrorRecord.module == "tax")
            .where(MirrorRecord.remote_id == remote_id)
        ).first()


def known(their: TheirTax) -> dict[str, Any]:
    """What is remembered of it, so that a later change is noticed."""
    return {"name": their.name, "rate": f"{their.rate:f}"}
