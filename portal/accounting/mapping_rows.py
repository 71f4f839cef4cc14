"""The rows of the mapping as a page shows them: our field and theirs, direction, who wins, and a real value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from portal.accounting import directions, fields, samples
from portal.accounting.field_table import COMING_OVER
from portal.accounting.fields import Facts, Ours, Rule
from portal.accounting.incoming import READ_BACK
from portal.accounting.models import Link
from portal.gateways.zoho.calls import PRODUCTS

_WAYS = {fields.BOTH: "both ways", fields.PUSH: "from here to Zoho", fields.PULL: "from Zoho to here"}
_WINNERS = {"ours": "ours counts", "theirs": "Zoho's counts", "ask": "you are asked"}
_AS_TEXT = "A number here and words there: it goes there only, as words cannot be read back."
_ARROWS = {fields.BOTH: "↔", fields.PUSH: "→", fields.PULL: "←"}


@dataclass(frozen=True)
class Row:
    """One row. Words are for people; options are what may be chosen, none where nothing may.

    arrow, target  where it goes, for example "→ Remarks"
    told           direction and who wins
    why            it goes there and nowhere else; "" for a row that may be changed
    lacking        what it cannot do there: what Zoho Books has for it and the linked product has not, or a way back
    """

    key: str
    label: str
    why: str
    arrow: str
    target: str
    told: str
    sample: str
    lacking: str
    ways: Sequence[tuple[str, str]] = ()
    winners: Sequence[tuple[str, str]] = ()


def rows_of(session: Session, tied: Link, facts: Facts, rules: Sequence[Rule]) -> list[Row]:
    is_two_way = directions.direction_of(session, tied.id, facts.module) == directions.BOTH
    values = samples.samples_of(session, tied.id, facts.module)
    ours = {field.key: field for field in fields.OURS[facts.module]}
    return [_row(ours[rule.ours], rule, facts, values, is_two_way=is_two_way) for rule in rules]


def options_of(facts: Facts) -> list[tuple[str, str]]:
    return [("", "Stays here"), *((each.key, each.label) for each in fields.offered(facts))]


def unlike(module: str, now: Sequence[Rule], chosen: Sequence[Rule]) -> list[str]:
    """In words, the rows that were chosen otherwise than they are in force."""
    mine = {rule.ours: rule for rule in chosen}
    told = {rule.ours: (_in_words(module, rule), _in_words(module, mine[rule.ours])) for rule in now}
    return [
        f"{fields.label_of(module, ours)}: {there} now, {here} in yours"
        for ours, (there, here) in told.items() if there != here
    ]  # fmt: skip


def _in_words(module: str, rule: Rule) -> str:
    where = fields.called(module, rule.theirs) if rule.theirs else "stays here"
    return f"{where} ({_WAYS[rule.direction]}, {_WINNERS[rule.wins]})" if rule.theirs else where


def _row(field: Ours, rule: Rule, facts: Facts, values: Mapping[str, str], *, is_two_way: bool) -> Row:
    is_merged = is_two_way and facts.module in (*READ_BACK, "tax") and bool(field.parts)
    missing = fields.only_in_books(field, facts)
    product = PRODUCTS[facts.product].name
    is_there = facts.product in field.products
    is_text = fields.is_told_as_text(facts, rule)
    ways = (fields.PUSH,) if is_text else (fields.BOTH, fields.PUSH, *(() if field.locked else (fields.PULL,)))
    return Row(
        field.key, field.label, f"{field.locked}." if field.locked else "",
        arrow=_arrow(field, rule, facts, is_two_way=is_two_way, is_merged=is_merged) if is_there else "",
        target=_target(field, rule, facts) if is_there else "stays here",
        told=_told(field, rule, facts, is_two_way=is_two_way, is_merged=is_merged) if is_there else "",
        sample=values.get(field.key, ""),
        lacking=" ".join(filter(None, [_AS_TEXT if is_text else "", (
            f"{product} has no {' and no '.join(missing)}; Zoho Books has." if missing else "")])),
        ways=[(way, _begun(_WAYS[way])) for way in ways] if is_merged else [],
        winners=[(each, _begun(words)) for each, words in _WINNERS.items()] if is_merged else [],
    )  # fmt: skip


def _begun(words: str) -> str:
    """With a capital first; the names in it keep theirs."""
    return words[:1].upper() + words[1:]


def _target(field: Ours, rule: Rule, facts: Facts) -> str:
    if not rule.theirs:
        return fields.goes_anyway(field, facts) or "stays here"
    known = next((each.label for each in facts.custom if each.key == rule.theirs), "")
    return known or fields.called(facts.module, rule.theirs)


def _way(field: Ours, rule: Rule, facts: Facts, *, is_two_way: bool, is_merged: bool) -> str:
    if is_merged or (facts.module == "tax" and field.parts):
        return rule.direction
    comes_over = is_two_way and field.key in COMING_OVER.get(facts.module, ())
    return fields.BOTH if comes_over else fields.PUSH


def _arrow(field: Ours, rule: Rule, facts: Facts, *, is_two_way: bool, is_merged: bool) -> str:
    return _ARROWS[_way(field, rule, facts, is_two_way=is_two_way, is_merged=is_merged)] if rule.theirs else ""


def _told(field: Ours, rule: Rule, facts: Facts, *, is_two_way: bool, is_merged: bool) -> str:
    if not rule.theirs:
        return "goes with how the customer stands for tax" if fields.goes_anyway(field, facts) else ""
    if facts.module == "tax" and field.parts and not is_merged:
        return "offered on both sides · you are asked"
    if rule.direction == fields.PULL and not is_merged:
        return "rests while this kind goes one way"
    way = _way(field, rule, facts, is_two_way=is_two_way, is_merged=is_merged)
    if not is_merged:
        return f"{_WAYS[way]} · {'ours counts' if way == fields.PUSH else 'as a record of its own'}"
    who = {fields.PUSH: "ours", fields.PULL: "theirs"}.get(way, rule.wins)
    if (facts.module, field.key, way) == ("tax", "rate", fields.BOTH) and who != "theirs":
        asked = "you are asked when Zoho changed it"
        words = "ours counts when both changed it, you are asked when only Zoho did" if who == "ours" else asked
        return f"{_WAYS[way]} · {words}"
    return f"{_WAYS[way]} · {_WINNERS[who]}{' when both changed it' if way == fields.BOTH else ''}"
