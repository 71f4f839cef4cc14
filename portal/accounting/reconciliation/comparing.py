"""The comparison itself, on plain values: pairs records of both sides, names what differs, sums up by month.

Both sides come ordered by their key, so that any number of them is compared with the memory of one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby
from operator import attrgetter

VOID = "void"
MISSING_THERE, DELETED_THERE, MISSING_HERE, NOT_TIED, TWICE_THERE, KEPT_APART = (
    "missing there", "deleted there", "missing here", "not tied", "twice there", "kept apart"
)  # fmt: skip
ASKED = "asked"  # missing on one side until a person has said whether it is one of the other side's
ONLY_THERE = "only there"  # of what they may well have for themselves: told, and no difference
OTHER_STATUS, OTHER_NUMBER, OTHER_DATE, OTHER_TOTAL, OTHER_BALANCE, OTHER_VALUES = (
    "other status", "other number", "other date", "other total", "other balance", "other values"
)  # fmt: skip


@dataclass(frozen=True)
class Theirs:
    """One record there. key: what pairs it with ours ("" pairs with nothing). Amounts in minor units. written: the
    number as it stands there; ours may have gone over with another one, as its own was taken. is_asked: people are
    asked what it is."""

    key: str
    remote_id: str
    number: str = ""
    label: str = ""
    day: date | None = None
    status: str = ""
    total: int = 0
    open: int = 0
    written: str = ""
    is_asked: bool = False


@dataclass(frozen=True)
class Ours:
    """One of our records. twin: its id there, "" while we know of none. is_moving: it changed while we were reading,
    or is still on its way, so that nothing can be said about it now. is_apart: a person has left both sides as they
    are. is_asked: people are asked first whether it is one of theirs. why: what kept it from going over. fields: those
    in which it and its twin differ, of what has no figures."""

    key: str
    local_id: int
    number: str = ""
    label: str = ""
    day: date | None = None
    status: str = ""
    total: int = 0
    tax: int = 0
    open: int = 0
    twin: str = ""
    why: str = ""
    is_moving: bool = False
    is_apart: bool = False
    is_asked: bool = False
    fields: Sequence[Sequence[str]] = ()


@dataclass(frozen=True)
class Drift:
    """One record on which the sides differ, told once, by the first thing that differs."""

    cause: str
    ours: Ours | None
    theirs: Theirs | None


@dataclass
class Side:
    """What one side comes to in one month. Void records count, but sum to nothing."""

    count: int = 0
    total: int = 0
    tax: int = 0
    open: int = 0

    def add(self, status: str, total: int, tax: int, open_: int) -> None:
        self.count += 1
        if status != VOID:
            self.total, self.tax, self.open = self.total + total, self.tax + tax, self.open + open_


@dataclass
class Sums:
    """Both sides by month (None for records without a day). moving: how many of ours were left out on both sides.
    differs, apart: how many differ, whatever the sums say, and how many as somebody wants it. only_there: how many are
    theirs alone, where that is no difference."""

    ours: dict[date | None, Side] = field(default_factory=dict)
    theirs: dict[date | None, Side] = field(default_factory=dict)
    moving: int = 0
    differs: Counter[date | None] = field(default_factory=Counter)
    apart: Counter[date | None] = field(default_factory=Counter)
    only_there: int = 0

    @property
    def months(self) -> list[date | None]:
        return sorted({*self.ours, *self.theirs}, key=lambda month: month or date.min)

    def add_ours(self, one: Ours) -> None:
        self.ours.setdefault(month_of(one.day), Side()).add(one.status, one.total, one.tax, one.open)

    def add_theirs(self, one: Theirs, tax: int) -> None:
        self.theirs.setdefault(month_of(one.day), Side()).add(one.status, one.total, tax, one.open)


def compare(ours: Iterable[Ours], theirs: Iterable[Theirs], sums: Sums, *, is_shared: bool = True) -> Iterator[Drift]:
    """What differs, while `sums` fills.

    ours, theirs  each ordered by key; keys of ours are unique
    is_shared     False where the other side may well have records of its own, such as suppliers' items
    Zoho's lists tell no tax. It was compared when each invoice and credit note went over, and when a credit note made
    there was taken over here, so it is taken to be ours for as long as the total is the same.
    """
    for one, there in _pairs(ours, theirs):
        if one is not None and one.is_moving:
            sums.moving += 1
            continue
        if one is None and not is_shared:
            sums.only_there += len(there)
            yield from (Drift(ONLY_THERE, None, each) for each in there)
            continue
        if one is not None:
            sums.add_ours(one)
        twin = _twin(one, there) if one is not None else None
        for each in there:
            sums.add_theirs(each, one.tax if one is not None and each is twin and each.total == one.total else 0)
        is_apart = one is not None and one.is_apart
        for drift in _judge(one, there):
            known = drift.ours or drift.theirs
            (sums.apart if is_apart else sums.differs)[month_of(known.day if known else None)] += 1
            yield replace(drift, cause=KEPT_APART) if is_apart else drift


def month_of(day: date | None) -> date | None:
    return None if day is None else day.replace(day=1)


def _pairs(ours: Iterable[Ours], theirs: Iterable[Theirs]) -> Iterator[tuple[Ours | None, Sequence[Theirs]]]:
    """Each of ours with all of theirs of the same key; what has none, by itself."""
    here = iter(ours)
    one = next(here, None)
    for key, group in groupby(theirs, key=attrgetter("key")):
        if key == "":
            yield from ((None, [each]) for each in group)
            continue
        while one is not None and one.key < key:
            yield one, []
            one = next(here, None)
        if one is not None and one.key == key:
            yield one, list(group)
            one = next(here, None)
        else:
            yield None, list(group)
    while one is not None:
        yield one, []
        one = next(here, None)


def _judge(one: Ours | None, there: Sequence[Theirs]) -> Iterator[Drift]:
    if one is None:
        yield from (_only_there(each) for each in there)
        return
    twin = _twin(one, there)
    if twin is not None:
        cause = _difference(one, twin)
        if cause:
            yield Drift(cause, one, twin)
        for each in there:
            if each.written == twin.written and each is not twin:
                yield Drift(TWICE_THERE, one, each)
            elif each is not twin:
                yield _only_there(each)
    elif len(there) == 1:
        yield Drift(NOT_TIED, one, there[0])
    elif there:
        yield from (Drift(TWICE_THERE, one, each) for each in there)
    elif one.is_asked and not one.twin:
        yield Drift(ASKED, one, None)
    else:
        yield Drift(DELETED_THERE if one.twin else MISSING_THERE, one, None)


def _only_there(one: Theirs) -> Drift:
    return Drift(ASKED if one.is_asked else MISSING_HERE, None, one)


def _twin(one: Ours, there: Sequence[Theirs]) -> Theirs | None:
    return next((each for each in there if one.twin and each.remote_id == one.twin), None)


def _difference(one: Ours, twin: Theirs) -> str:
    """The first thing that differs; what follows from it would only repeat it."""
    facts = (
        (OTHER_STATUS, one.status, twin.status), (OTHER_NUMBER, one.number, twin.number),
        (OTHER_DATE, one.day, twin.day), (OTHER_TOTAL, one.total, twin.total), (OTHER_BALANCE, one.open, twin.open),
    )  # fmt: skip
    return next((cause for cause, here, there in facts if here != there), OTHER_VALUES if one.fields else "")
