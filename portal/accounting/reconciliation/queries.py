"""What people read of the reconciliations: the last one in a few lines, its months, and each record that differs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from portal.accounting import tokens
from portal.accounting.link import live_link
from portal.accounting.mirror.modules import called
from portal.accounting.models import Consent, Link, MirrorRecord
from portal.accounting.reconciliation import aside, causes, comparing, sides
from portal.accounting.reconciliation.comparing import Side
from portal.accounting.reconciliation.models import DONE, DriftRow, MonthSums, Reconciliation
from portal.payments.models import Payment
from portal.shared.money import Money

MOST_SHOWN = 200
_ONE = {
    "customers": "customer", "services and parts": "service or part", "invoices": "invoice", "payments": "payment",
    "credit notes": "credit note",
}  # fmt: skip


@dataclass(frozen=True)
class Compared:
    """One module, or one month of it, on both sides. Amounts are None for a module that is only counted."""

    called: str
    month: date | None
    ours: Side
    theirs: Side
    currency: str
    has_sums: bool
    differs: int = 0
    left_alone: int = 0
    only_there: int = 0

    @property
    def is_equal(self) -> bool:
        return self.has_equal_sums and not self.differs

    @property
    def has_equal_sums(self) -> bool:
        """Records may differ all the same."""
        return self.ours == self.theirs

    @property
    def counted(self) -> str:
        """For example "1 invoice", or "3 invoices"."""
        return f"{self.ours.count} {_ONE[self.called] if self.ours.count == 1 else self.called}"

    @property
    def amounts(self) -> list[tuple[str, Money, Money | None]]:
        """(what, here, there) of total, tax and open balance. there is None for what Zoho's lists do not tell: the tax,
        where a total differs."""
        if not self.has_sums:
            return []
        here, there, of = self.ours, self.theirs, self.currency
        return [
            ("Total", Money(here.total, of), Money(there.total, of)),
            ("Tax", Money(here.tax, of), Money(here.tax, of) if here.tax == there.tax else None),
            ("Open", Money(here.open, of), Money(there.open, of)),
        ]


@dataclass(frozen=True)
class Summary:
    """The last finished run in a line per module; and the one that runs now, or why the last one was stopped."""

    last: Reconciliation | None
    running: Reconciliation | None
    stopped: Reconciliation | None
    modules: Sequence[Compared]


@dataclass(frozen=True)
class Difference:
    """One record that differs. what: "Credit note CN-00012"; buttons: (what to do, its words). there: its address in
    Zoho."""

    row: DriftRow
    what: str
    buttons: Sequence[tuple[str, str]]
    there: str


@dataclass(frozen=True)
class Group:
    """Records of one cause about which the same is to be done."""

    title: str
    advice: str
    records: Sequence[Difference]


def summary_of(session: Session, link: Link | None) -> Summary | None:
    """Two statements; None without a link."""
    if link is None:
        return None
    newest = session.scalars(
        select(Reconciliation).where(Reconciliation.link_id == link.id).order_by(Reconciliation.id.desc()).limit(20)
    ).all()
    last = next((run for run in newest if run.stage == DONE), None)
    running = next((run for run in newest if run.finished_at is None), None)
    stopped = newest[0] if newest and newest[0].finished_at is not None and newest[0] is not last else None
    return Summary(last, running, stopped, _by_module(months_of(session, link, last)) if last else [])


def months_of(session: Session, link: Link, run: Reconciliation) -> list[Compared]:
    """Every month of every module, in order."""
    rows = session.scalars(select(MonthSums).where(MonthSums.run_id == run.id).order_by(MonthSums.month)).all()
    return [
        Compared(
            kind.called,
            row.month,
            row.ours,
            row.theirs,
            link.currency,
            kind.figures is not None,
            row.differs,
            row.left_alone,
            row.only_there,
        )
        for kind in sides.KINDS.values()
        for row in rows
        if row.module == kind.module
    ]


def differences_of(session: Session, link: Link, run: Reconciliation) -> list[Group]:
    """In the order in which the causes are explained."""
    rows = session.execute(
        select(DriftRow, func.coalesce(or_(aside.is_recorded_there(), aside.is_made_there()), False))
        .outerjoin(Payment, and_(DriftRow.module == "payment", Payment.id == DriftRow.local_id))
        .outerjoin(
            MirrorRecord,
            and_(
                MirrorRecord.link_id == link.id,
                MirrorRecord.module == DriftRow.module,
                MirrorRecord.local_id == DriftRow.local_id,
            ),
        )
        .where(DriftRow.run_id == run.id)
        .order_by(DriftRow.cause == comparing.ONLY_THERE, DriftRow.id)
        .limit(MOST_SHOWN)
    ).all()
    centre = tokens.centre_of(session.get_one(Consent, link.consent_id))
    found: dict[tuple[str, str], list[Difference]] = {}
    for row, is_theirs in rows:
        fixes = causes.fixes_of(row.cause, row.theirs_status, row.module, is_theirs=is_theirs)
        address = centre.record_url(link.product, link.remote_organisation_id, row.module, row.remote_id)
        group = found.setdefault((row.cause, causes.advice_of(row.cause, row.module, fixes)), [])
        buttons = [(fix, causes.button_of(fix)) for fix in fixes]
        what = f"{called(row.module)} {row.label}"
        group.append(Difference(row, what, buttons, address if row.remote_id else ""))
    order = list(causes.WORDS)
    in_order = sorted(found.items(), key=lambda each: order.index(each[0][0]))
    return [Group(causes.WORDS[cause][0], advice, records) for (cause, advice), records in in_order]


def page_of(session: Session) -> tuple[Link | None, Summary | None, list[Compared], list[Group]]:
    """All that the page shows, in six statements at most."""
    link = live_link(session)
    summary = summary_of(session, link)
    if link is None or summary is None or summary.last is None:
        return link, summary, [], []
    return link, summary, months_of(session, link, summary.last), differences_of(session, link, summary.last)


def _by_module(months: Sequence[Compared]) -> list[Compared]:
    found: dict[str, Compared] = {}
    for one in months:
        so_far = found.get(one.called) or Compared(one.called, None, Side(), Side(), one.currency, one.has_sums)
        for whole, part in ((so_far.ours, one.ours), (so_far.theirs, one.theirs)):
            whole.count, whole.total = whole.count + part.count, whole.total + part.total
            whole.tax, whole.open = whole.tax + part.tax, whole.open + part.open
        found[one.called] = replace(
            so_far, differs=so_far.differs + one.differs, left_alone=so_far.left_alone + one.left_alone,
            only_there=so_far.only_there + one.only_there,
        )  # fmt: skip
    return list(found.values())
