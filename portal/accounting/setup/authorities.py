"""Who gets the taxes of a firm in the United States: both sides beside each other (zoho/API.md §6.6)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from portal.accounting.setup.desk import Caller
from portal.accounting.setup.tax_reading import TheirTax
from portal.accounting.tax_standing import NAMING_AUTHORITIES
from portal.gateways.zoho.errors import Refused
from portal.taxes.authorities.actions import LONGEST_NAME, Said, add_authority
from portal.taxes.authorities.queries import list_authorities, taxes_of

_LONGEST_NUMBER, _LONGEST_WORDS = 60, 200


@dataclass(frozen=True)
class TheirAuthority:
    """One of Zoho's list."""

    id: str
    name: str
    number: str
    description: str


@dataclass(frozen=True)
class AuthorityRow:
    """One line. taxes: how many it gets, here where it is here. remote_id: of one that is only there."""

    name: str
    number: str
    source: str
    taxes: int
    note: str = ""
    remote_id: str = ""


def read(caller: Caller, country: str) -> list[TheirAuthority]:
    """Nothing outside the edition that has them. Calls Zoho once. Raises GatewayError."""
    if country not in NAMING_AUTHORITIES:
        return []
    try:
        rows: Sequence[dict[str, Any]] = caller.call("GET", "/settings/taxauthorities").get("tax_authorities", [])
    except Refused:  # where sales tax is switched off there
        return []
    return [
        TheirAuthority(*(str(row.get(key) or "") for key in (
            "tax_authority_id", "tax_authority_name", "registration_number", "description")))
        for row in rows
    ]  # fmt: skip


def compare(session: Session, theirs: Sequence[TheirAuthority], taxes: Sequence[TheirTax]) -> list[AuthorityRow]:
    """Ours first; the same name is the same authority."""
    by_name = {each.name.casefold(): each for each in theirs}
    ours = list_authorities(session)
    rows = []
    for each in ours:
        their = by_name.get(each.name.casefold())
        unlike = their is not None and their.number not in ("", each.registration_number)
        note = f"in Zoho its number is {their.number}" if their is not None and unlike else ""
        source = "both" if their is not None else "here"
        rows.append(AuthorityRow(each.name, each.registration_number, source, len(taxes_of(session, each.id)), note))
    known = {each.name.casefold() for each in ours}
    return rows + [
        AuthorityRow(
            each.name, each.number, "Zoho", sum(tax.authority.casefold() == each.name.casefold() for tax in taxes),
            each.description, each.id,
        )
        for each in theirs if each.name.casefold() not in known
    ]  # fmt: skip


def keep(session: Session, organisation_id: int, theirs: Sequence[TheirAuthority], wanted: Collection[str]) -> None:
    """Those that were ticked are here from now on, before the taxes that name them. Does not commit."""
    known = {each.name.casefold() for each in list_authorities(session)}
    for each in theirs:
        name = each.name.strip()[:LONGEST_NAME].strip()
        if each.id in wanted and name and name.casefold() not in known:
            known.add(name.casefold())
            said = Said(name, each.number[:_LONGEST_NUMBER], each.description[:_LONGEST_WORDS])
            add_authority(session, organisation_id, said)
