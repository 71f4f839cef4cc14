"""Setting up taxes."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.organisations import audit
from portal.organisations.models import Organisation
from portal.shared import outbox
from portal.shared.errors import RuleBroken
from portal.taxes import together
from portal.taxes.arithmetic.document import CHARGED, WITHHOLDING
from portal.taxes.models import FROM_THE_BEGINNING, Tax, TaxGroupMember, TaxRate

# Kinds that have a rate of their own.
WITH_RATE = ("percent", "reverse_charge", "withholding", "fixed_per_unit")


# What follows a rate in layers above: invoices appends what reckons drafts anew and says how many changed.
ON_NEW_RATES: list[Callable[[Session, int], int]] = []


class CannotChangeTax(RuleBroken):
    """The tax cannot become that."""


def add_tax(
    session: Session, organisation_id: int, name: str, rate: Decimal, *, kind: str = "percent",
    authority_id: int | None = None, why: str = "", is_default: bool = False, valid_from: date = FROM_THE_BEGINNING,
    ends_on: date | None = None,
) -> Tax:  # fmt: skip
    """rate in percent, or money for one unit; why: the few words on the invoice line; ends_on: its last day, if any.

    Does not commit.
    """
    tax = _new_tax(session, organisation_id, name, kind=kind, authority_id=authority_id, why=why, is_default=is_default)
    tax.ends_on = ends_on
    tax.rates = [TaxRate(organisation_id=organisation_id, rate=rate, valid_from=valid_from)]
    return _keep(session, tax, {"name": name, "kind": kind, "rate": str(rate)})


def add_group(
    session: Session, organisation_id: int, name: str, members: Sequence[Tax], *, why: str = "",
    is_default: bool = False, last_is_compound: bool = False,
) -> Tax:  # fmt: skip
    """Two taxes or more that always go together: charged ones, or such as are withheld.

    last_is_compound  reckoned on the price and the others
    Raises CannotChangeTax. Does not commit.
    """
    check_members(members, last_is_compound=last_is_compound)
    _check_halves(session, organisation_id, members)
    group = _new_tax(session, organisation_id, name, kind="group", why=why, is_default=is_default)
    group.members = [
        TaxGroupMember(
            organisation_id=organisation_id, tax_id=member.id, position=position,
            is_compound=last_is_compound and position == len(members) - 1,
        )
        for position, member in enumerate(members)
    ]  # fmt: skip
    return _keep(session, group, {"name": name, "members": [member.name for member in members]})


def check_members(members: Sequence[Tax], *, last_is_compound: bool = False) -> None:
    """Raises CannotChangeTax."""
    kinds = {member.kind for member in members}
    if len(members) < 2 or not (kinds <= set(CHARGED) or kinds == {WITHHOLDING}):
        raise CannotChangeTax("A group needs two taxes that are charged, or two that are withheld.", field="members")
    if last_is_compound and members[-1].kind != "percent":
        raise CannotChangeTax("Only a percentage can be reckoned on the others.", field="members")


def _check_halves(session: Session, organisation_id: int, members: Sequence[Tax]) -> None:
    halves = together.halves_of(members, session.get_one(Organisation, organisation_id).country)
    if halves and not together.are_equal(*halves):
        one, other = (tax.name for tax in halves)
        raise CannotChangeTax(f"{one} and {other} are halves of one tax: give both the same rate.", field="members")


def change_rate(
    session: Session, tax: Tax, rate: Decimal, valid_from: date, others: Sequence[tuple[Tax, Decimal]] = ()
) -> int:
    """A new rate from a day on; the rates before it stay, as invoices of their time need them.

    others  each gets so many times that rate: halves stay equal, and make up the whole
    Returns how many drafts come to something else. Raises CannotChangeTax. Does not commit.
    """
    if any(rate * share > 100 for _other, share in others):
        raise CannotChangeTax("The whole would be more than 100 %.", field="rate")
    for each, share in ((tax, Decimal(1)), *others):
        _begin_rate(session, each, rate * share, valid_from)
    return drafts_follow(session, tax.organisation_id)


def _begin_rate(session: Session, tax: Tax, rate: Decimal, valid_from: date) -> None:
    if tax.kind not in WITH_RATE:
        raise CannotChangeTax("This tax has no rate of its own.", field="rate")
    if any(each.valid_from == valid_from for each in tax.rates):
        raise CannotChangeTax(
            "There is a rate from that day already. Choose another day, or open that rate to correct it.",
            field="valid_from",
        )  # fmt: skip
    before = tax.rate_on(valid_from)
    add_rate(tax, rate, valid_from)
    session.flush()
    outbox.record(session, tax.organisation_id, "tax", tax.id)
    audit.note(
        session, tax.organisation_id, "tax rate changed", "tax", tax.id,
        words=f"{said(tax, before)} → {said(tax, rate)} from {valid_from:%d %B %Y}",
        before={"rate": str(before)}, after={"rate": str(rate), "valid_from": valid_from.isoformat()},
    )  # fmt: skip


def said(tax: Tax, rate: Decimal) -> str:
    return f"{rate.normalize():f}{' a unit' if tax.kind == 'fixed_per_unit' else ' %'}"


def drafts_follow(session: Session, organisation_id: int) -> int:
    """How many of them come to something else. Raises CannotChangeTax for one that cannot be reckoned so."""
    return sum(follow(session, organisation_id) for follow in ON_NEW_RATES)


def add_rate(tax: Tax, rate: Decimal, valid_from: date) -> None:
    """What a region pack knows beforehand: nobody's change, so nothing is told of it."""
    tax.rates.append(TaxRate(organisation_id=tax.organisation_id, rate=rate, valid_from=valid_from))


def change_words(session: Session, tax: Tax, *, why: str, authority_id: int | None) -> None:
    """What lines say of it, and who gets it. Lines that were drafted keep their words. Does not commit."""
    after: dict[str, object] = {"why": why, "authority_id": authority_id}
    before = {"why": tax.why, "authority_id": tax.authority_id}
    if before == after:
        return
    tax.why, tax.authority_id = why, authority_id
    if before["authority_id"] != authority_id:  # words stay here; who gets it may be told in the books, too
        outbox.record(session, tax.organisation_id, "tax", tax.id)
    audit.note(
        session, tax.organisation_id, "tax words changed", "tax", tax.id, words="Words changed", before=before,
        after=after,
    )  # fmt: skip


def make_usual(session: Session, tax: Tax) -> None:
    """New services and parts begin with it. Raises CannotChangeTax for what is withheld. Does not commit."""
    if tax.is_withheld:
        raise CannotChangeTax("What is withheld stands beside a tax. Choose it on a draft, under Discount, shipping.")
    session.execute(update(Tax).where(Tax.is_default).values(is_default=False))
    tax.is_default = True
    audit.note(session, tax.organisation_id, "tax made usual", "tax", tax.id, words="Made the usual tax")


def set_between_states(session: Session, tax: Tax, other: Tax | None) -> None:
    """What a line bears instead of `tax` when it is supplied into another state: IGST18 for GST18. Does not commit."""
    tax.between_states_id = other.id if other else None
    words = f"Between states: {other.name if other else 'not said'}"
    audit.note(session, tax.organisation_id, "tax between states set", "tax", tax.id, words=words)


def set_active(session: Session, tax: Tax, *, is_active: bool) -> None:
    """One that is not active cannot be chosen any more; what bears it keeps it. Does not commit."""
    tax.is_active = is_active
    tax.is_default = tax.is_default and is_active
    words = "Offered again" if is_active else "No longer offered"
    audit.note(session, tax.organisation_id, "tax offered" if is_active else "tax retired", "tax", tax.id, words=words)


def _new_tax(
    session: Session,
    organisation_id: int,
    name: str,
    *,
    kind: str,
    authority_id: int | None = None,
    why: str,
    is_default: bool,
) -> Tax:
    """Raises CannotChangeTax for a name that is taken."""
    check_name(session, name)
    if is_default:
        session.execute(update(Tax).where(Tax.is_default).values(is_default=False))
    return Tax(
        organisation_id=organisation_id, name=name, kind=kind, authority_id=authority_id, why=why, is_default=is_default
    )


def check_name(session: Session, name: str, *, but: int = 0) -> None:
    """Raises CannotChangeTax for one that another tax has."""
    if session.scalar(select(func.count()).where(func.lower(Tax.name) == name.lower(), Tax.id != but)):
        raise CannotChangeTax("Another tax has this name. Choose another one.", field="name")


def _keep(session: Session, tax: Tax, after: dict[str, object]) -> Tax:
    session.add(tax)
    session.flush()
    outbox.record(session, tax.organisation_id, "tax", tax.id)
    audit.note(session, tax.organisation_id, "tax added", "tax", tax.id, words=f"Added {tax.name}", after=after)
    return tax
