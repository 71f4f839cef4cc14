"""Taxes of both sides beside each other: which are the same, and which only one side has."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounting import rules
from portal.accounting.exemptions import refused_ones, try_again
from portal.accounting.models import Link, MirrorRecord
from portal.accounting.pull import questions, tax_changes, tax_decisions
from portal.accounting.pull.models import RATE, STATUS
from portal.accounting.setup import tax_pairs
from portal.accounting.setup.taking_taxes import Taker
from portal.accounting.setup.tax_reading import COMPOUND, EXEMPTION, GROUP, TAX, TheirTax
from portal.accounting.tax_standing import HAVING_EXEMPTIONS
from portal.catalogue.models import Item
from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.shared import clock, outbox
from portal.taxes.authorities.queries import names_of_authorities
from portal.taxes.models import Tax
from portal.taxes.queries import list_taxes, taxes_by_id
from portal.taxes.standing.models import Exemption
from portal.taxes.standing.queries import all_exemptions, holders_of, list_exemptions

BOTH, HERE, THERE = "both", "here", "Zoho"
OURS, THEIRS = "ours", "theirs"
_NAMED_ALIKE = {
    True: "You have another tax of this name. Correct one of the two.",
    False: "Yours of this name is not offered any more. Offer it again under Taxes, then look here once more.",
}
_REASONS = {"customer": "a reason for customers to pay none", "item": "a reason for items to bear none"}


@dataclass(frozen=True)
class TaxRow:
    """One line of the comparison. `obstacle` says why theirs cannot be taken over.

    used_there  how many of their items bear it; None where nobody has counted
    unit        what it is that bears it
    their_rate  of one that both have at another rate: a person says which one is to be
    is_left     somebody has said that both rates stay as they are, and they still are
    """

    name: str
    rate: Decimal
    authority: str
    source: str
    used_by: int
    note: str = ""
    remote_id: str = ""
    local_id: int | None = None
    obstacle: str = ""
    used_there: int | None = None
    their_rate: Decimal | None = None
    is_left: bool = False
    is_reason: bool = False
    unit: str = "item"

    @property
    def called_by(self) -> str:
        """The name of the question about its rate, on the page."""
        return f"rate_{self.remote_id}"


def compare(
    session: Session, organisation: Organisation, theirs: Sequence[TheirTax], uses: Mapping[str, int] | None = None
) -> list[TaxRow]:  # fmt: skip
    """Ours first; the same taxes stand on one line. uses: their id → how many of their items bear it."""
    today = clock.today(organisation.time_zone)
    ours, used = list_taxes(session), _used(session)
    rates = {tax.id: tax.rate_on(today) for tax in ours}
    simple = [tax for tax in ours if tax.kind in ("percent", "zero")]  # a group of the same rate is another thing
    tied = _tied(session, theirs)
    free = [their for their in theirs if their not in tied.values()]
    pairs = tied | tax_pairs.pair([(tax.id, tax.name, rates[tax.id]) for tax in simple if tax.id not in tied], free)
    pairs |= tax_pairs.same_name([tax for tax in simple if tax.id not in pairs], free, pairs)
    pairs |= tax_pairs.pair_groups([tax for tax in ours if tax.kind == "group" and tax.id not in tied], free, pairs)
    pairs |= tax_pairs.pair_exemptions([tax for tax in ours if tax.kind == "exempt"], theirs)
    reasons = _our_reasons(session, theirs, organisation.country)
    taken, left = {their.id for their in pairs.values()}, _left_apart(session, rates, pairs)
    taken |= {row.remote_id for row in reasons}
    names = {each.name.casefold(): each.is_active for each in taxes_by_id(session).values()}
    titles = {their.id: their for their in theirs}
    levied = names_of_authorities(session)
    rows = [
        _our_row(
            tax, rates[tax.id], levied.get(tax.authority_id or 0, ""), used.get(tax.id, 0), pairs.get(tax.id),
            tax.id in left,
        )
        for tax in ours
    ] + reasons  # fmt: skip
    rows += [_their_row(their, names, titles, taken) for their in theirs if their.id not in taken]
    return [replace(row, used_there=(uses or {}).get(row.remote_id)) if row.remote_id else row for row in rows]


def keep(
    session: Session, link: Link, theirs: Sequence[TheirTax], rows: Sequence[TaxRow], wanted: Collection[str],
    rates: Mapping[str, str],
) -> None:  # fmt: skip
    """Tie the pairs, and take over those of theirs that were ticked. rates: their id → OURS or THEIRS, of those at
    another rate. Raises CannotChangeTax. Does not commit."""
    taker = Taker(session, link.organisation_id, link.id, theirs)
    by_id, told = {their.id: their for their in theirs}, list[str]()
    for row in rows:
        their = by_id.get(row.remote_id)
        if row.source == BOTH and row.local_id is not None and their is not None:
            taker.tie_reason(their, tax_id=row.local_id) if their.kind == EXEMPTION else taker.tie(row.local_id, their)
            if row.their_rate is not None and row.remote_id in rates:
                settle_rate(session, link.id, row.local_id, their, rates[row.remote_id])
                told.append(_said_of(row, rates[row.remote_id]))
    try_again(session, link.id)
    for exemption_id, their in _same_reasons(session, theirs).items():
        taker.tie_reason(their, exemption_id=exemption_id)
    for row in rows:
        if row.source == THERE and row.remote_id in wanted and not row.obstacle:
            told.append(f"{row.name} taken over")
            is_reason = by_id[row.remote_id].kind == EXEMPTION
            (taker.take_reason if is_reason else taker.take)(row.remote_id)
    if told:
        words = f"Taxes decided: {'; '.join(told)}"
        audit.note(session, link.organisation_id, "taxes decided", "link", link.id, words=words)


def _said_of(row: TaxRow, choice: str) -> str:
    rate = row.their_rate if choice == THEIRS else row.rate
    whose = "theirs counts" if choice == THEIRS else "ours counts"
    return f"{row.name}: {whose}, {tax_changes.said(rate or Decimal(0))}"


def _tied(session: Session, theirs: Sequence[TheirTax]) -> dict[int, TheirTax]:
    """What both sides have agreed on before, whatever it is called and however its rate was changed since."""
    rows = session.execute(
        select(MirrorRecord.local_id, MirrorRecord.remote_id)
        .join(Link, (Link.id == MirrorRecord.link_id) & Link.archived_at.is_(None))
        .join(Tax, (Tax.id == MirrorRecord.local_id) & Tax.is_active)
        .where(MirrorRecord.module == "tax", MirrorRecord.remote_id.in_([their.id for their in theirs]))
    )
    by_id = {their.id: their for their in theirs}
    return {local_id: by_id[str(remote_id)] for local_id, remote_id in rows}


def _same_reasons(session: Session, theirs: Sequence[TheirTax]) -> dict[int, TheirTax]:
    """Our exemption → the one of its code there."""
    there = {(their.applies_to, their.name.casefold()): their for their in theirs if their.kind == EXEMPTION}
    known = [(each.id, there.get((each.applies_to, each.name.casefold()))) for each in all_exemptions(session)]
    return {exemption_id: their for exemption_id, their in known if their is not None}


def settle_rate(session: Session, link_id: int, tax_id: int, their: TheirTax, choice: str) -> None:
    """Ours goes to Zoho at the start, or theirs counts here from today on, by its name. Raises CannotChangeTax. Does
    not commit."""
    record = session.scalars(
        select(MirrorRecord)
        .where(MirrorRecord.link_id == link_id, MirrorRecord.module == "tax", MirrorRecord.local_id == tax_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if choice == THEIRS:
        tax_decisions.take_rate_and_name(session, record, tax_changes.Known(their.name, their.rate).as_text())
    else:
        tax_changes.send_ours(session, record)
        record.state, record.attempts = "pending", 0
        outbox.record(session, record.organisation_id, "tax", tax_id)
    questions.settle(session, record, STATUS, RATE)


def _our_reasons(session: Session, theirs: Sequence[TheirTax], country: str) -> list[TaxRow]:
    """Why customers and items bear no tax: used by how many of them, and whether Zoho knows it."""
    same, refused = _same_reasons(session, theirs), refused_ones(session)
    found = []
    for each in list_exemptions(session):
        their, holders = same.get(each.id), holders_of(session, each.id)
        used = holders.items if each.applies_to == "item" else holders.customers
        why = _REASONS[each.applies_to]
        note = why if their is not None else f"{why}; {_fate_of(each, country, is_refused=each.id in refused)}"
        source = HERE if their is None else BOTH
        there = their.id if their is not None else ""
        row = TaxRow(each.name, Decimal(0), "", source, used, note, there, is_reason=True, unit=each.applies_to)
        found.append(row)
    return found


def _fate_of(reason: Exemption, country: str, *, is_refused: bool) -> str:
    if country not in HAVING_EXEMPTIONS or reason.is_outside:
        return "Zoho does not have it, so that it is not told there"
    if is_refused:
        return "Zoho did not take it; it is sent once more when you keep these taxes"
    return f"goes to Zoho when {'an item' if reason.applies_to == 'item' else 'a customer'} needs it"


def _left_apart(session: Session, rates: Mapping[int, Decimal], pairs: Mapping[int, TheirTax]) -> set[int]:
    """Those whose two rates a person has left as they are."""
    records = select(MirrorRecord).join(Link, (Link.id == MirrorRecord.link_id) & Link.archived_at.is_(None))
    known = session.scalars(records.where(MirrorRecord.module == "tax", MirrorRecord.local_id.in_(list(pairs))))
    return {
        each.local_id for each in known
        if tax_changes.is_left_apart(each, rates[each.local_id], pairs[each.local_id].rate)
    }  # fmt: skip


def _our_row(
    tax: Tax, rate: Decimal, authority: str, used: int, their: TheirTax | None, is_left: bool
) -> TaxRow:  # fmt: skip
    if their is None:
        note = "stays here" if tax.kind in rules.TAXES_THAT_STAY_HERE else "goes to Zoho when a line needs it"
        note = "Zoho has no taxes for each unit: on invoices their sum is an adjustment there" if tax.per_unit else note
        return TaxRow(tax.name, rate, authority, HERE, used, note, local_id=tax.id)
    there = f"in Zoho: {their.name}, {their.rate.normalize():f} %"
    there += f", {their.authority}" if their.authority not in ("", authority) else ""
    is_apart = their.kind == TAX and their.rate != rate and tax.kind in ("percent", "zero")
    unlike = their.rate if is_apart else None
    return TaxRow(tax.name, rate, authority, BOTH, used, there, their.id, tax.id, their_rate=unlike, is_left=is_left)


def _their_row(
    their: TheirTax, names: Mapping[str, bool], theirs: Mapping[str, TheirTax], known: Collection[str]
) -> TaxRow:  # fmt: skip
    """names: of ours, with whether it is offered. known: ids of theirs that stand on a line with ours."""
    members = [theirs[each] for each in their.members if each in theirs]
    obstacle, note = "", ""
    if their.kind == GROUP:
        note = " + ".join(each.name for each in members)
        coming = [each.name for each in members if each.id not in known]
        note += f"; {' and '.join(coming)} {'comes' if len(coming) == 1 else 'come'} with it" if coming else ""
        if len(members) < 2 or not all(each.rate for each in members):
            obstacle = "A group with a tax of nothing: it stays in Zoho."
        elif any(each.kind == COMPOUND for each in members[:-1]):
            obstacle = "A tax on a tax before others: it stays in Zoho."
    elif their.kind == COMPOUND:
        obstacle = "A tax on a tax: it comes with its group."
    elif their.kind == EXEMPTION:
        return TaxRow(
            their.name, their.rate, their.authority, THERE, 0, _REASONS.get(their.applies_to, ""), their.id,
            is_reason=True,
        )  # fmt: skip
    if their.name.casefold() in names:
        obstacle = _NAMED_ALIKE[names[their.name.casefold()]]
    return TaxRow(their.name, their.rate, their.authority, THERE, 0, note, their.id, obstacle=obstacle)


def _used(session: Session) -> dict[int, int]:
    counted = session.execute(
        select(Item.tax_id, func.count()).where(Item.is_active, Item.tax_id.is_not(None)).group_by(Item.tax_id)
    )
    return {tax_id: count for tax_id, count in counted if tax_id is not None}
