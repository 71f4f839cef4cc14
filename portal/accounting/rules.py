"""Decisions about the tie to Zoho on plain values: budget, patience, which organisations may be chosen."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from portal.shared.money import decimals_of

WINDOW = timedelta(seconds=62)  # Zoho counts a minute; two seconds more for a call that dawdles on its way
LONGEST_PAUSE = timedelta(minutes=15)
MOST_TRIES = 20  # about three hours
MOST_FAULTS = 5  # of our own program, with one record
SMALLEST_RESERVE, RESERVE_SHARE = 20, 20
SMALLEST_FOR_PAYMENTS, PAYMENTS_SHARE = 5, 40
ALL, SALES, PAYMENTS = "all", "sales", "payments"

RESERVED = "tomorrow: what is left of today's calls to Zoho is kept for invoices and payments"
RESTORED = "The database was restored from a backup. Both sides are compared first; nothing is sent until then."
TROUBLED = ("failed", "mismatch", "conflict")
LEFT_OUT_STATE = "paused"  # a person decided so, until it is taken back
NEEDS_LOOK, SENDING, WAITING, IN_STEP, NOT_LINKED = "needs a look", "sending", "waiting", "in step", "not linked"
LEFT_OUT = "left out"
# Worst first: the one word that tells of an invoice and its payments together.
_WORST_FIRST = (NEEDS_LOOK, LEFT_OUT, SENDING, WAITING, IN_STEP)
_SHOWN = {"in_step": IN_STEP, "sending": SENDING, LEFT_OUT_STATE: LEFT_OUT} | dict.fromkeys(TROUBLED, NEEDS_LOOK)

# Kinds of tax that Zoho has no record for, or that the customer does not pay to the firm: a line goes without them.
TAXES_THAT_STAY_HERE = ("exempt", "out_of_scope", "reverse_charge", "withholding", "fixed_per_unit")


@dataclass(frozen=True)
class Budget:
    """What one more call would mean: the calls that still count, and when to go on if there is no room (else None)."""

    recent: list[datetime]
    quiet_until: datetime | None


def spend(recent: Sequence[datetime], now: datetime, limit: int, window: timedelta | None = None) -> Budget:
    """Room for one more call in the sliding window?

    When there is none, the pause lasts until a tenth of the limit is free again: waking up for every single free place
    would cost more than it brings.
    """
    length = window or WINDOW
    counted = sorted(at for at in recent if at > now - length)
    if len(counted) < limit:
        return Budget([*counted, now], None)
    return Budget(counted, counted[len(counted) - limit + max(1, limit // 10) - 1] + length)


def pause_after(tries: int) -> timedelta:
    """How long to leave a record alone after its n-th try: 2, 4, 8 … seconds, a quarter of an hour at most."""
    return min(timedelta(seconds=2 ** min(max(tries, 1), 12)), LONGEST_PAUSE)


def room_in(quota_limit: int | None, quota_left: int | None) -> str:
    """Who may use what is left of the day's calls: ALL, SALES (invoices and payments), or PAYMENTS and what they need.

    Backfill, edits and readings of the other side come last: a payment should be in the books on the day it was made.
    """
    if quota_limit is None or quota_left is None:
        return ALL
    if quota_left <= max(SMALLEST_FOR_PAYMENTS, quota_limit // PAYMENTS_SHARE):
        return PAYMENTS
    return SALES if quota_left <= max(SMALLEST_RESERVE, quota_limit // RESERVE_SHARE) else ALL


def time_for(calls: int, *, a_minute: int, a_day: int, left_today: int) -> str:
    """How long so many calls take, in words, when nothing else happens: at the minute's pace what today still allows,
    and the rest day by day. What is kept for invoices and payments counts as used."""
    kept = max(SMALLEST_RESERVE, a_day // RESERVE_SHARE)
    later = calls - max(0, left_today - kept)
    if later > 0:
        return f"about {_count(-(-later // max(1, a_day - kept)), 'day')}, as Zoho allows {a_day:,} calls a day"
    minutes = -(-calls // max(1, a_minute))
    return f"about {_count(minutes, 'minute')}" if minutes < 90 else f"about {_count(round(minutes / 60), 'hour')}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def shown_state(states: Sequence[str]) -> str:
    """One word for an invoice and its payments; a part without a mirror record yet is given as ""."""
    shown = {_SHOWN.get(state, WAITING) for state in states} or {WAITING}
    return next(word for word in _WORST_FIRST if word in shown)


def with_number(name: str, number: str, longest: int) -> str:
    """The name to use when another record in Zoho has ours: "Maple Dental (C-00012)"."""
    mark = f" ({number})"
    return name[: longest - len(mark)] + mark


def number_beside(number: str) -> str:
    """Under which an invoice goes over whose own number Zoho has given to another one: "INV-00318-P". Short, as some
    editions allow a number 16 characters."""
    return f"{number}-P"


@dataclass(frozen=True)
class Candidate:
    """One organisation a person may link, or is told about. `obstacle` says why it cannot be chosen."""

    id: str
    name: str
    product: str
    currency: str
    country: str
    plan: str
    obstacle: str = ""
    email: str = ""
    country_code: str = ""


@dataclass(frozen=True)
class Choice:
    """Everything the consent opened, sorted out."""

    candidates: list[Candidate]
    expired: int
    unusable: int
    emails: frozenset[str] = frozenset()  # those that its organisations name, the hidden ones too
    expired_ids: frozenset[str] = frozenset()

    def find(self, organisation_id: str) -> Candidate | None:
        return next((each for each in self.candidates if each.id == organisation_id), None)


def with_obstacles(choice: Choice, obstacles: Mapping[str, str]) -> Choice:
    """Those of which something is known that Zoho does not say cannot be chosen either."""
    told = [replace(each, obstacle=each.obstacle or obstacles.get(each.id, "")) for each in choice.candidates]
    return replace(choice, candidates=told)


def has_other_taxes(candidate: Candidate, country: str) -> bool:
    """Is its tax edition another country's than `country`, as two letters? Not known where Zoho names no code."""
    theirs = candidate.country_code.upper()
    return bool(theirs) and {"UK": "GB"}.get(theirs, theirs) != country


def is_our_account(choice: "Choice", own_emails: Collection[str], own_organisations: Collection[str]) -> bool:
    """Does anything say that the person at Zoho is one of ours: an address of ours, or an organisation linked before?

    No call tells whose the consent is (zoho/API.md §5.1); an account whose organisations name nobody may be anybody's.
    """
    ours = {email.casefold() for email in own_emails if email}
    return bool(ours & choice.emails) or any(choice.find(each) is not None for each in own_organisations)


def sort_out(organisations: Sequence[Mapping[str, Any]], currency: str) -> Choice:
    """Which of Zoho's organisations may be linked (zoho/API.md §5.2). "Active" there does not mean usable."""
    candidates, expired, unusable = {}, set(), set()
    for each in organisations:
        remote_id = str(each.get("organization_id", ""))
        if each.get("is_trial_expired"):
            expired.add(remote_id)
        elif product := _product_of(each):
            candidates[remote_id] = _candidate(each, remote_id, product, currency)
        else:
            unusable.add(remote_id)
    for remote_id in expired:
        candidates.pop(remote_id, None)
    in_order = sorted(candidates.values(), key=lambda candidate: candidate.name.casefold())
    emails = frozenset(str(each["email"]).casefold() for each in organisations if each.get("email"))
    return Choice(in_order, len(expired), len(unusable - candidates.keys() - expired), emails, frozenset(expired))


def _product_of(each: Mapping[str, Any]) -> str:
    """books, invoice, or nothing for an organisation that cannot hold real books."""
    apps = each.get("org_joined_app_list", each.get("AppList"))
    unfinished = each.get("is_quick_setup_completed") is False and "user_status" not in each
    asleep = each.get("is_org_active") is False or each.get("is_subscription_paused") or each.get("isOrgNotSupported")
    if unfinished or asleep or each.get("mode") == "test":
        return ""
    if apps is None:
        return str(each.get("listed_by", ""))
    return "books" if "books" in apps else "invoice" if "invoice" in apps else ""


def counts_alike(currency: str, price_precision: Any) -> bool:
    """Whether the books keep `currency` with our decimals. Zoho has no table: each currency's record says its own, and
    people may change it. None: the record does not say."""
    return price_precision is None or price_precision == decimals_of(currency)


def _candidate(each: Mapping[str, Any], remote_id: str, product: str, currency: str) -> Candidate:
    theirs = str(each.get("currency_code", ""))
    obstacle = "" if theirs == currency else f"It keeps its books in {theirs}, and you bill in {currency}."
    return Candidate(
        remote_id, str(each.get("name", "")), product, theirs, str(each.get("country", "")),
        str(each.get("plan_name", "")), obstacle, str(each.get("email", "")), str(each.get("country_code") or ""),
    )  # fmt: skip
