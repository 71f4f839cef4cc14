"""Which of ours a record in Zoho may be. Pure: tax number, e-mail, phone and name tell; an item's code as well."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

NEW, MATCHED, UNSURE = "new", "matched", "unsure"
# How much an equal fact says when several of ours are like it.
_WEIGHT = {"number": 2, "code": 2, "tax number": 2, "e-mail": 1, "phone": 1, "name": 1}
_STRONG = {"number", "code", "tax number"}
_NEVER_ALONE = ["number"]  # two systems both begin with C-00001: strangers would be a pair
_SHORTEST_PHONE = 6


@dataclass(frozen=True)
class Known:
    """One of ours, or what stands for it in a row of Zoho's list. A customer has a number, an item a code.

    is_in_use  may it be chosen for new work, on its side?
    """

    id: int
    number: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    tax_number: str = ""
    code: str = ""
    is_in_use: bool = True


@dataclass(frozen=True)
class Match:
    """found as ImportRow has it; basis in words, for example "e-mail and name"."""

    found: str
    local_id: int | None = None
    basis: str = ""


def customer_of(row: Mapping[str, Any]) -> Known:
    """A row of GET /contacts (zoho/API.md §6.1), as far as it says who that is."""
    tax_number = next((str(row[key]) for key in ("tax_reg_no", "vat_reg_no", "gst_no", "tax_id") if row.get(key)), "")
    return Known(
        0, str(row.get("contact_number") or ""), str(row.get("contact_name") or ""), str(row.get("email") or ""),
        str(row.get("phone") or row.get("mobile") or ""), tax_number, is_in_use=_is_in_use(row),
    )  # fmt: skip


def item_of(row: Mapping[str, Any]) -> Known:
    """A row of GET /items."""
    return Known(0, name=str(row.get("name") or ""), code=str(row.get("sku") or ""), is_in_use=_is_in_use(row))


def _is_in_use(row: Mapping[str, Any]) -> bool:
    return str(row.get("status", "active")) != "inactive"


def facts_of(known: Known) -> dict[str, str]:
    """Name of the fact → its value in a form that can be compared; empty ones left out."""
    values = {
        "number": _letters(known.number), "code": _letters(known.code), "tax number": _letters(known.tax_number),
        "e-mail": known.email.strip().casefold(), "phone": _digits(known.phone), "name": _plain(known.name),
    }  # fmt: skip
    return {fact: value for fact, value in values.items() if value}


class Ours:
    """Ours by each fact that may be alike, so that a firm with thousands is compared in a moment."""

    def __init__(self, known: Iterable[Known]) -> None:
        self._by_fact: dict[tuple[str, str], list[Known]] = {}
        for each in known:
            for fact in facts_of(each).items():
                self._by_fact.setdefault(fact, []).append(each)

    def like(self, theirs: Known) -> list[tuple[list[str], Known]]:
        """Those that share a fact, with the names of the facts they share."""
        found: dict[int, tuple[list[str], Known]] = {}
        for fact in facts_of(theirs).items():
            for each in self._by_fact.get(fact, ()):
                found.setdefault(each.id, ([], each))[0].append(fact[0])
        return [found[local_id] for local_id in sorted(found)]


def likeliest(theirs: Known, ours: Ours) -> list[tuple[list[str], Known]]:
    """Those of ours that are as like it as any, with the names of the facts they share."""
    likely = [(facts, each) for facts, each in ours.like(theirs) if facts != _NEVER_ALONE]
    # What is out of use on both sides is no matter; and here it comes after what is in use.
    if not theirs.is_in_use or any(each.is_in_use for _, each in likely):
        likely = [(facts, each) for facts, each in likely if each.is_in_use]
    best = max((_points(facts) for facts, _ in likely), default=0)
    return [(facts, each) for facts, each in likely if _points(facts) == best]


def match(theirs: Known, ours: Ours) -> Match:
    """The one of ours that it is, may be, or nothing. Two equally good ones are never guessed between."""
    at_best = likeliest(theirs, ours)
    if not at_best:
        return Match(NEW)
    facts, chosen = at_best[0]
    basis = " and ".join(facts[:2])
    if len(at_best) > 1:
        return Match(UNSURE, chosen.id, f"{basis}, like {len(at_best) - 1} more")
    if not chosen.is_in_use:
        return Match(UNSURE, chosen.id, f"{basis}, out of use here")
    return Match(MATCHED if _is_sure(facts, theirs, chosen) else UNSURE, chosen.id, basis)


def _is_sure(facts: list[str], theirs: Known, ours: Known) -> bool:
    """The same name and one fact more, or the same name and nothing against it, or a number and one fact more.

    Households share a phone, branches a tax number, and two systems may count customers alike: one such fact, under
    another name, is for people to judge.
    """
    if "name" in facts:
        return len(facts) > 1 or not _contradicts(theirs, ours)
    return len(facts) > 1 and bool(_STRONG & set(facts))


def _contradicts(theirs: Known, ours: Known) -> bool:
    """Does any other fact that both have differ? The names are equal where this is asked."""
    their_facts, our_facts = facts_of(theirs), facts_of(ours)
    return any(their_facts[fact] != our_facts[fact] for fact in their_facts.keys() & our_facts.keys())


def _points(facts: Iterable[str]) -> int:
    return sum(_WEIGHT[fact] for fact in facts)


def _plain(name: str) -> str:
    return " ".join(re.sub(r"[^\w ]", " ", name.casefold()).split())


def _letters(number: str) -> str:
    return re.sub(r"[^0-9a-z]", "", number.casefold())


def _digits(phone: str) -> str:
    """The end of the number, so that +44 113 496 0000 and 0113 496 0000 are one."""
    digits = re.sub(r"\D", "", phone)
    return digits[-9:] if len(digits) >= _SHORTEST_PHONE else ""
