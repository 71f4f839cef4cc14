"""A tax that is kept from both sides: name and rate, each by its rule, against the last state that both sides had.

A rate has dates here and none there, and what is charged hangs on it: one that was changed in Zoho is asked about,
unless the mapping says that theirs counts. Taken over, it counts from the day on which it was seen: what was sent keeps
the rate it was sent with, there as here (zoho/API.md §6.6). Where invoices of that day bear the old rate already, a
person is asked in any case, as the new one would begin in the middle of a day. A name waits for its rate. Names are
compared with what each side called the tax before, as two taxes that were tied may go by two names.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from portal.accounting import directions, field_rules, fields, merging
from portal.accounting.fields import Rule
from portal.accounting.merging import Merged, Values
from portal.accounting.mirror import records
from portal.accounting.models import MirrorRecord
from portal.accounting.pull import changes, questions, tax_changes
from portal.accounting.pull.models import NAME, RATE, STATUS
from portal.accounting.pull.tax_changes import Known, known_there
from portal.shared import outbox
from portal.taxes import bearing
from portal.taxes.actions import CannotChangeTax
from portal.taxes.corrections import rename
from portal.taxes.models import Tax

_LONGEST_NAME = 100
_FIELDS = {"rate": RATE, "name": NAME}
_TITLES = {
    ("rate", True, True): "The rate was changed on both sides", ("rate", False, True): "The rate was changed in Zoho",
    ("rate", True, False): "The rate was changed here", ("name", True, True): "The name was changed on both sides",
    ("name", False, True): "The name was changed in Zoho", ("name", True, False): "The name was changed here",
}  # fmt: skip


def is_to_be_compared(session: Session, record: MirrorRecord, version: int) -> bool:
    """Does ours say something else than Zoho did last, and has nobody looked since this version of it?"""
    if (record.snapshot or {}).get("read") == version or not _is_two_way(session, record):
        return False
    tax, there = session.get_one(Tax, record.local_id, populate_existing=True), known_there(record)
    if there is None:
        return True
    has_other_name = tax_changes.named_before(record, tax) != tax.name
    return has_other_name or (_has_rate(tax) and tax_changes.rate_now(session, tax) != there.rate)


def bring_together(session: Session, record: MirrorRecord, there: Known, product_name: str) -> None:
    """Take over, leave to be sent, or ask, whichever the rules say. Does not commit."""
    tax = session.get_one(Tax, record.local_id, populate_existing=True, with_for_update=True)
    base, here, theirs = _sides(session, record, tax, there)
    rules = field_rules.rules_of(session, record.link_id, "tax")
    merged = merging.merge(base, here, theirs, fields.winners_of("tax", rules), fields.ways_of("tax", rules))
    merged = _asking_about_money(merged, base, here, rules)
    with changes.in_the_name_of(product_name):
        why = {name: _take(session, record, tax, there, name) for name in sorted(merged.take)}
    asked = {name: _borne_today(session, tax) if name == "rate" else "" for name in merged.ask} | {
        name: words for name, words in why.items() if words
    }
    done = {*merged.take, *merged.send} - set(asked)
    left = {name for name in theirs if name not in done and theirs[name] not in (here[name], base.get(name))}
    _remember(session, record, tax, there, merged, {*asked, *left})
    for name, field in _FIELDS.items():
        if name in asked:
            _ask(session, record, tax, there, name, (base, here, theirs), asked[name])
        else:
            questions.settle(session, record, STATUS, field)


def _asking_about_money(merged: Merged, base: Values, here: Values, rules: Sequence[Rule]) -> Merged:
    is_theirs = fields.winners_of("tax", rules)["rate"] == merging.THEIRS
    is_theirs |= fields.ways_of("tax", rules)["rate"] == merging.PULL
    if "rate" not in merged.take or is_theirs:
        return merged
    kept = {name: base.get(name, "") for name in merged.take}
    return replace(
        merged, take={}, ask=merged.ask | {"rate": (here["rate"], merged.take["rate"])}, common=merged.common | kept
    )


def _sides(session: Session, record: MirrorRecord, tax: Tax, there: Known) -> tuple[Values, Values, Values]:
    """The last common state, ours and theirs. A name of theirs that has not changed counts as ours was then."""
    before, named = known_there(record), tax_changes.named_before(record, tax)
    is_same_name = before is None or before.name == there.name
    base, here, theirs = {"name": named}, {"name": tax.name}, {"name": named if is_same_name else there.name}
    rate = tax_changes.rate_now(session, tax)
    if _has_rate(tax) and not tax_changes.is_left_apart(record, rate, there.rate):
        base |= {"rate": tax_changes.said(before.rate)} if before else {}
        here["rate"], theirs["rate"] = tax_changes.said(rate), tax_changes.said(there.rate)
    return base, here, theirs


def _take(session: Session, record: MirrorRecord, tax: Tax, there: Known, name: str) -> str:
    """Why it cannot be taken over; empty when it was."""
    try:
        with session.begin_nested():
            if name == "name":
                take_name(session, tax, there.name)
            else:
                if words := _borne_today(session, tax):
                    raise CannotChangeTax(words)
                tax_changes.use_theirs(session, record, there.as_text())
    except CannotChangeTax as problem:
        return problem.sentence
    return ""


def take_name(session: Session, tax: Tax, name: str) -> None:
    """Raises CannotChangeTax. Does not commit."""
    if not name or len(name) > _LONGEST_NAME:
        raise CannotChangeTax(f"A name here has 1 to {_LONGEST_NAME} characters.")
    rename(session, tax, name)


def _borne_today(session: Session, tax: Tax) -> str:
    """A sentence, where invoices of today bear the rate that would change."""
    today = tax_changes.today(session)
    moving = [tax, *(other for other, _share in tax_changes.moving(session, tax))]
    sent = max(bearing.sent_at_rate(session, each.id, each.rate_on(today), today) for each in moving)
    if not sent:
        return ""
    papers = "1 invoice of today was sent" if sent == 1 else f"{sent} invoices of today were sent"
    return f"{papers} with the old rate, and would keep it."


def _remember(
    session: Session, record: MirrorRecord, tax: Tax, there: Known, merged: Merged, open_: Collection[str]
) -> None:
    """What both sides have in common from now on, and what of ours is to go there.

    open_  what is asked about, or is no matter of ours: it goes on counting as changed there
    """
    before, has_own_name = known_there(record) or there, "name" in merged.send or "name" in open_
    known = Known(before.name if "name" in open_ else there.name, before.rate if "rate" in open_ else there.rate)
    if merged.send:
        outbox.record(session, record.organisation_id, "tax", record.local_id)
        session.flush()
    tax_changes.keep(
        record, common=known.as_text(), stands=there.as_text(), read=records.version_of(session, record),
        named=tax_changes.named_before(record, tax) if has_own_name else tax.name,
        wanted=tax_changes.said(tax_changes.rate_now(session, tax)) if "rate" in merged.send else None,
        wanted_name=tax.name if "name" in merged.send else None,
    )  # fmt: skip


def _ask(
    session: Session, record: MirrorRecord, tax: Tax, there: Known, name: str, sides: tuple[Values, Values, Values],
    why: str,
) -> None:  # fmt: skip
    before, ours, theirs = (side.get(name, "") for side in sides)
    moved_here, moved_there = before != ours, before != theirs
    editor = questions.last_editor(session, "tax", tax.id) if moved_here else ("", None)
    words = tax_changes.why(session, tax) if name == "rate" else "Papers and settings show the name."
    questions.ask(
        session, questions.of(record), STATUS, field=_FIELDS[name], ours=ours, theirs=theirs, ours_by=editor[0],
        ours_at=editor[1], facts={
            "label": f"Tax {tax.name}", "title": _TITLES[name, moved_here, moved_there],
            "why": f"{why} {words}".strip(), "there": there.as_text(),
        },
    )  # fmt: skip


def _has_rate(tax: Tax) -> bool:
    return tax.kind in ("percent", "zero")


def _is_two_way(session: Session, record: MirrorRecord) -> bool:
    return directions.direction_of(session, record.link_id, "tax") == directions.BOTH
