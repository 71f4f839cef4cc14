"""Which of Zoho's taxes the lines of a sent paper bear.

A tax has dated rates here and a single one there. What was sent bears the rate that was frozen on it, whatever the tax
costs by now; so each rate of a tax that the tax itself does not stand at in Zoho has a twin of its own there, made when
the first paper needs it and used ever after. Zoho keeps old documents as they are when a rate is edited (zoho/API.md
§6.6), but reckons anew with every one that arrives.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from portal.accounting import mapping, rules
from portal.accounting.mirror import each_unit
from portal.accounting.mirror.source import Need, Source, Twins
from portal.accounting.models import TAX_RATE, Link, MirrorRecord, TaxAtRate
from portal.accounting.pull import tax_changes
from portal.accounting.pull.models import RATE, Question
from portal.organisations.models import Organisation
from portal.shared import clock
from portal.shared.outbox import Change
from portal.taxes.models import Tax
from portal.taxes.naming import at_rate

Rates = Mapping[int, Decimal]  # tax → percent
_LONGEST_NAME = 100


@dataclass
class Borne:
    """The taxes of one paper: of each of ours its twin there.

    unsettled  taxes whose rate of today is on its way there: they come first, even where they are there already
    undecided  taxes whose rate of today a person is asked about
    """

    twins: dict[int, Need] = field(default_factory=dict)
    unsettled: list[Need] = field(default_factory=list)
    undecided: list[Need] = field(default_factory=list)

    @property
    def needs(self) -> list[Need]:
        """What is on its way there first."""
        return list(dict.fromkeys((*self.unsettled, *self.twins.values())))

    def naming(self, twins: Twins) -> Twins:
        """`twins`, with these in their places."""

        def named(module: str, own: int | None) -> str:
            return twins(*self.twins.get(own or 0, (module, own))) if module == "tax" else twins(module, own)

        return named


def borne_by(session: Session, tax_ids: Iterable[int | None], breakdown: Mapping[str, Any]) -> Borne:
    """Of a paper with these taxes on its lines and this frozen breakdown. What is missing is noted. Does not commit."""
    stand_ins, borne = each_unit.stand_ins(session), Borne()
    rates = {int(row["key"]): Decimal(row["rate"]) for row in breakdown.get("taxes", ()) if row["key"].isdigit()}
    reader = _Reader(session, rates)
    for own in dict.fromkeys(each for each in tax_ids if each is not None):
        borne.twins[own] = reader.twin_of(session.get_one(Tax, stand_ins.get(own, own)), borne)
    return borne


def read(session: Session, tax_at_rate_id: int) -> Source | None:
    """A tax at one of its rates, on its way there."""
    own = session.get(TaxAtRate, tax_at_rate_id)
    if own is None:
        return None
    rates, tax = _from_text(own.rates), session.get_one(Tax, own.tax_id)
    spare = rules.with_number(own.name, str(own.id), _LONGEST_NAME)
    if tax.kind != "group":
        record = mapping.TaxRecord(own.name, rates[tax.id])
        return Source(
            f"Tax {own.name}", own.name,
            lambda _twins, name, _persons: mapping.tax_payload(mapping.TaxRecord(name, record.percentage)),
            spare_name=spare,
        )  # fmt: skip
    reader = _Reader(session, rates)
    members = {each: reader.simple(session.get_one(Tax, each), Borne()) for each in rates}

    def build(twins: Twins, name: str, _persons: Mapping[str, str]) -> dict[str, Any]:
        return {"tax_group_name": name, "taxes": ",".join(twins(*members[each]) for each in rates)}

    return Source(f"Tax group {own.name}", own.name, build, needs=list(members.values()), spare_name=spare)


class _Reader:
    """Finds twins by the rates of one paper."""

    def __init__(self, session: Session, rates: Rates) -> None:
        self._session, self._rates = session, rates
        time_zone = session.scalars(select(Organisation.time_zone)).one()
        self._today: date = clock.today(time_zone)

    def twin_of(self, tax: Tax, borne: Borne) -> Need:
        if tax.kind != "group":
            return self.simple(tax, borne)
        members = [each.tax for each in tax.members if each.tax.kind not in rules.TAXES_THAT_STAY_HERE]
        found = [self.simple(each, borne) for each in members]
        if all(module == "tax" for module, _ in found):
            return "tax", tax.id
        return self._at_rates(tax, {each.id: self._rates.get(each.id, each.rate_on(self._today)) for each in members})

    def simple(self, tax: Tax, borne: Borne) -> Need:
        rate, stands = self._rates.get(tax.id), self._stands_at(tax)
        main: Need = ("tax", tax.id)
        if rate is None or stands is None or rate == stands or tax.kind not in ("percent", "zero"):
            return main
        if rate == tax.rate_on(self._today):
            if self._is_open(tax):
                borne.unsettled.append(main)
                return main
            if self._is_asked_about(tax):
                borne.undecided.append(main)
                return main
        return self._at_rates(tax, {tax.id: rate})

    def _stands_at(self, tax: Tax) -> Decimal | None:
        """The rate that it has there, or will have when it is made; None where nobody knows."""
        record = self._session.scalars(
            _live(select(MirrorRecord).join(Link, Link.id == MirrorRecord.link_id))
            .where(MirrorRecord.module == "tax", MirrorRecord.local_id == tax.id)
            .execution_options(populate_existing=True)
        ).one_or_none()
        if record is None or record.remote_id is None:
            return tax.rate_on(self._today)
        there = tax_changes.stands_at(record)
        return there.rate if there else None

    def _is_open(self, tax: Tax) -> bool:
        """Is a change of ours still to be looked at?"""
        found = select(Change.subject_id).where(
            Change.subject == "tax", Change.subject_id == tax.id, ~Change.is_settled
        )
        return self._session.scalars(found).first() is not None

    def _is_asked_about(self, tax: Tax) -> bool:
        asked = _live(select(Question.id).join(Link, Link.id == Question.link_id)).where(
            Question.module == "tax", Question.local_id == tax.id, Question.field == RATE, Question.decision == ""
        )
        return self._session.scalars(asked.limit(1)).first() is not None

    def _at_rates(self, tax: Tax, rates: Rates) -> Need:
        """The row that stands for it, made the first time."""
        told = _as_text(rates)
        self._session.execute(
            insert(TaxAtRate)
            .values(organisation_id=tax.organisation_id, tax_id=tax.id, rates=told, name=_named(tax, rates))
            .on_conflict_do_nothing()
        )
        found = select(TaxAtRate.id).where(TaxAtRate.tax_id == tax.id, TaxAtRate.rates == told)
        return TAX_RATE, self._session.scalars(found).one()


def _named(tax: Tax, rates: Rates) -> str:
    """ "VAT 19%" beside "VAT 20%"; the rate behind the name where that says it already."""
    whole = sum(rates.values(), Decimal(0))
    plain = tax.name if tax.kind == "group" else at_rate(tax.name, whole, tax.kind)
    if plain != tax.name and len(plain) <= _LONGEST_NAME:
        return plain
    parts = " + ".join(f"{rate.normalize():f} %" for rate in rates.values())
    return rules.with_number(tax.name, parts, _LONGEST_NAME)


def _as_text(rates: Rates) -> str:
    return ",".join(f"{tax_id}={rate.normalize():f}" for tax_id, rate in rates.items())


def _from_text(told: str) -> dict[int, Decimal]:
    pairs = (each.split("=") for each in told.split(","))
    return {int(tax_id): Decimal(rate) for tax_id, rate in pairs}


def _live(found: Select[Any]) -> Select[Any]:
    return found.where(Link.archived_at.is_(None))
