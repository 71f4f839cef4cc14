"""One test customer and one test invoice go over, are read back, compared to the cent, and put away again.

Both are found by their names before they are made, so a rehearsal that broke off is taken up where it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from portal.accounting import mapping, rules
from portal.accounting.agreement import comparison
from portal.accounting.invoice_extras import ROUNDING, Extras
from portal.accounting.mirror import taxes_needed
from portal.accounting.models import Link, MirrorRecord
from portal.accounting.pull import tax_changes
from portal.accounting.setup import steps
from portal.accounting.setup.desk import Caller
from portal.accounting.setup.rehearsed import TestLine, lines_of, reckon
from portal.gateways.zoho.calls import PRODUCTS
from portal.gateways.zoho.errors import Refused
from portal.invoices import billing, frozen
from portal.organisations import audit
from portal.organisations.models import AuditEntry, Organisation
from portal.shared import clock
from portal.shared.errors import RuleBroken
from portal.shared.money import Money
from portal.taxes.models import Tax

_ACTION = "rehearsal"
NUMBERED = "REHEARSAL-"  # by which a test invoice is told from theirs


class CannotRehearse(RuleBroken):
    """Something that the test invoice needs is not there yet."""


class UnderWay(RuleBroken):
    """Another press is at it: the number and the name are its own."""


@dataclass(frozen=True)
class Plan:
    """What is sent, and what must come back."""

    number: str
    customer: str
    lines: list[TestLine]
    line_totals: list[Money]
    tax_ids: dict[int, str]
    figures: comparison.Figures
    extras: Extras
    on: date


def plan(session: Session, link: Link) -> Plan:
    """Raises CannotRehearse."""
    organisation = session.get_one(Organisation, link.organisation_id)
    today = clock.today(organisation.time_zone)
    lines = lines_of(session, organisation, today)
    expected = reckon(lines, session, organisation, today)
    number = _next_number(link)
    printed = [(line.name, total.decimal) for line, total in zip(lines, expected.line_totals, strict=True)]
    breakdown = frozen.as_text(expected, billing.policy_of(organisation))
    return Plan(
        number, f"Portal rehearsal {link.id}", lines, list(expected.line_totals), _tax_ids(session, link, lines),
        comparison.our_figures(number, printed, Decimal(0), breakdown),
        _extras(organisation, breakdown), today,
    )  # fmt: skip


def play(desk: Caller, planned: Plan) -> str:
    """What differs, in words, or nothing. Both records are put away whatever it is. Raises UnderWay,
    GatewayError."""
    try:
        customer = _customer(desk, planned)
        invoice = _invoice(desk, planned, customer)
    except Refused as problem:
        if not problem.is_clash:
            raise
        raise UnderWay("A rehearsal is under way already. Look at this page again in a moment.") from problem
    back = desk.call("GET", f"/invoices/{invoice}")["invoice"]
    words = comparison.cause(planned.figures, comparison.their_figures(back, like=planned.figures))
    if back.get("status") == "draft":
        desk.call("POST", f"/invoices/{invoice}/status/sent")
    if back.get("status") != "void":
        desk.call("POST", f"/invoices/{invoice}/status/void")
    desk.call("POST", f"/contacts/{customer}/inactive")
    return words


def remember(session: Session, link: Link, planned: Plan, words: str) -> None:
    """The next rehearsal gets another number; only one without a difference is done. Does not commit."""
    steps.lock(session, link)
    if planned.number != _next_number(link):
        return  # another press was quicker, and told of this invoice
    link.setup_steps = link.setup_steps | {"rehearsals": int(link.setup_steps.get("rehearsals", 0)) + 1}
    name = PRODUCTS[link.product].name
    total = planned.figures.total
    told = f"Rehearsal: invoice {planned.number} of {total} is equal to the cent in {name}, and void there."
    audit.note(session, link.organisation_id, _ACTION, "link", link.id, words=f"Rehearsal: {words}" if words else told)
    if not words:
        steps.finish(session, link, steps.REHEARSAL)


def result(session: Session, link: Link, events: Sequence[AuditEntry]) -> AuditEntry | None:
    """What the latest rehearsal brought; None before the first.

    events  the link's timeline, which tells it unless much has happened since
    """
    told = next((event for event in events if event.action == _ACTION), None)
    if told is not None or len(events) < audit.MOST_TOLD:
        return told
    entries = select(AuditEntry).where(AuditEntry.record == "link", AuditEntry.record_id == link.id)
    return session.scalars(entries.where(AuditEntry.action == _ACTION).order_by(AuditEntry.id.desc()).limit(1)).first()


def _next_number(link: Link) -> str:
    return f"{NUMBERED}{link.id}-{int(link.setup_steps.get('rehearsals', 0)) + 1}"


def ask_for_taxes(session: Session, link: Link) -> None:
    """Those that the test invoice bears are to go over, whatever else waits. Does not commit."""
    organisation = session.get_one(Organisation, link.organisation_id)
    lines = lines_of(session, organisation, clock.today(organisation.time_zone))
    wanted = [tax.id for tax in _borne(session, lines)]
    rows = [
        {"organisation_id": link.organisation_id, "link_id": link.id, "module": "tax", "local_id": tax_id}
        for tax_id in sorted(wanted)
    ]
    if rows:
        session.execute(upsert(MirrorRecord).values(rows).on_conflict_do_nothing())
        taxes_needed.reopen(session, [("tax", tax_id) for tax_id in wanted])


def _extras(organisation: Organisation, breakdown: Mapping[str, Any]) -> Extras:
    """What the firm has beside the lines of its invoices."""
    rounding = Decimal(breakdown["rounding_adjustment"])
    return Extras(
        discount=Decimal(breakdown["discount"]), is_discount_before_tax=organisation.discount_style != "after_tax",
        adjustment=rounding, adjustment_reason=ROUNDING if rounding else "",
        prices_include_tax=organisation.price_includes_tax,
    )  # fmt: skip


def _borne(session: Session, lines: list[TestLine]) -> Sequence[Tax]:
    wanted = {line.tax_id for line in lines if line.tax_id is not None}
    return session.scalars(select(Tax).where(Tax.id.in_(wanted), Tax.kind.not_in(rules.TAXES_THAT_STAY_HERE))).all()


def _tax_ids(session: Session, link: Link, lines: list[TestLine]) -> dict[int, str]:
    taxes = _borne(session, lines)
    there = select(MirrorRecord).where(
        MirrorRecord.link_id == link.id, MirrorRecord.module == "tax", MirrorRecord.remote_id.is_not(None)
    )
    found = {
        record.local_id: str(record.remote_id) for record in session.scalars(there)
        if not tax_changes.is_on_its_way(record)
    }  # fmt: skip
    missing = [tax.name for tax in taxes if tax.id not in found]
    if missing:
        raise CannotRehearse(f"{missing[0]} is not in Zoho yet. Compare the taxes first, or wait until it has arrived.")
    return found


def _customer(desk: Caller, planned: Plan) -> str:
    query = {"contact_name": planned.customer, "filter_by": "Status.All"}
    found = [
        row for row in desk.call("GET", "/contacts", query).get("contacts", [])
        if row.get("contact_name") == planned.customer
    ]  # fmt: skip
    if not found:
        body = {"contact_name": planned.customer, "contact_type": "customer"}
        return str(desk.call("POST", "/contacts", body=body)["contact"]["contact_id"])
    if found[0].get("status") == "inactive":
        desk.call("POST", f"/contacts/{found[0]['contact_id']}/active")
    return str(found[0]["contact_id"])


def _invoice(desk: Caller, planned: Plan, customer: str) -> str:
    rows = desk.call("GET", "/invoices", {"invoice_number": planned.number}).get("invoices", [])
    found = [row for row in rows if row.get("invoice_number") == planned.number]
    if found:
        return str(found[0]["invoice_id"])
    lines = [
        mapping.LineRecord(
            line.name,
            "",
            line.quantity,
            "",
            line.unit_price,
            total,
            "",
            planned.tax_ids.get(line.tax_id or 0, ""),
            f"{line.discount:f}%" if line.discount else Decimal(0),
        )
        for line, total in zip(planned.lines, planned.line_totals, strict=True)
    ]
    record = mapping.InvoiceRecord(planned.number, "", planned.on, planned.on, 0, customer, lines, planned.extras)
    body: dict[str, Any] = mapping.invoice_payload(record)
    answer = desk.call("POST", "/invoices", {"ignore_auto_number_generation": "true"}, body)
    return str(answer["invoice"]["invoice_id"])
