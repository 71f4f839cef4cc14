"""Why customers and items bear no tax: our reasons become exemptions there, in the editions that have them, before the
customer or item that names one goes over."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from portal.accounting import directions
from portal.accounting.exemptions import REFUSED, tie_reason
from portal.accounting.mirror.lease import Turn, held
from portal.accounting.mirror.remote import Remote
from portal.accounting.models import ExemptionTwin, Link
from portal.accounting.setup.steps import GOES_WHEN_NEEDED
from portal.accounting.tax_standing import HAVING_EXEMPTIONS
from portal.catalogue.models import Item
from portal.customers.models import Customer
from portal.gateways.zoho.errors import Refused, Unanswered
from portal.organisations.models import Organisation
from portal.shared import outbox
from portal.taxes.standing.models import Exemption

_PATH = "/settings/taxexemptions"


@dataclass(frozen=True)
class _Reason:
    id: int
    name: str
    applies_to: str


def send_missing(turn: Turn, remote: Remote) -> None:
    """All of them into a new organisation, else those that somebody has. One that is there already is tied to ours, so
    that a lost answer makes none twice; one that Zoho refuses is not sent again until the taxes are kept anew. Raises
    what stops the whole organisation."""
    with held(turn) as session:
        wanted = _missing(session, turn.link_id)
    if not wanted:
        return
    try:
        there = {_key(row): str(row["tax_exemption_id"]) for row in remote.call("GET", _PATH)["tax_exemptions"]}
        for reason in wanted:
            _send(turn, remote, reason, there.get((reason.applies_to, reason.name.casefold())))
    except Refused:
        for reason in wanted:
            _tie(turn, reason, REFUSED)
    except Unanswered:
        return  # the next round sees whether it is there


def _send(turn: Turn, remote: Remote, reason: _Reason, known: str | None) -> None:
    if known is None:
        body = {"tax_exemption_code": reason.name, "type": reason.applies_to}
        try:
            known = str(remote.call("POST", _PATH, body=body)["tax_exemption"]["tax_exemption_id"])
        except Refused:
            known = REFUSED
    _tie(turn, reason, known)


def _key(row: dict[str, object]) -> tuple[str, str]:
    return "item" if row.get("type") == "item" else "customer", str(row.get("tax_exemption_code", "")).casefold()


def _missing(session: Session, link_id: int) -> Sequence[_Reason]:
    if session.scalars(select(Organisation.country)).one() not in HAVING_EXEMPTIONS:
        return []
    if "tax" in set(session.scalars(directions.resting(link_id))):
        return []
    is_tied = exists().where(ExemptionTwin.link_id == link_id, ExemptionTwin.exemption_id == Exemption.id)
    waits = select(Link.id).where(Link.id == link_id, GOES_WHEN_NEEDED).exists()
    is_held = or_(
        exists().where(Customer.exemption_id == Exemption.id), exists().where(Item.exemption_id == Exemption.id)
    )
    found = select(Exemption).where(~is_tied, ~Exemption.is_outside, or_(is_held, ~waits & Exemption.is_active))
    return [_Reason(each.id, each.name, each.applies_to) for each in session.scalars(found.order_by(Exemption.id))]


def _tie(turn: Turn, reason: _Reason, remote_id: str) -> None:
    """Whoever went over without it meanwhile is told again."""
    with held(turn) as session:
        tie_reason(session, turn.organisation_id, turn.link_id, remote_id, exemption_id=reason.id)
        if remote_id == REFUSED:
            return
        customers = session.scalars(select(Customer.id).where(Customer.exemption_id == reason.id))
        told = [("customer", each) for each in customers]
        told += [("item", each) for each in session.scalars(select(Item.id).where(Item.exemption_id == reason.id))]
        if told:
            outbox.record_all(session, turn.organisation_id, *told)
