"""Groups, dated rates and the usual tax, as the firm sets them up."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.invoices import billing
from portal.organisations.models import Organisation
from portal.shared.running import job_session
from portal.taxes.actions import CannotChangeTax, add_group, add_tax, change_rate, make_usual
from portal.taxes.models import Tax
from portal.taxes.queries import list_taxes, taxes_by_id
from portal.taxes.together import moving_with
from tests.builders import Firm, make_firm

TODAY = date(2026, 3, 2)


class Line:
    """What billing needs of a line."""

    def __init__(self, price: str, tax_id: int) -> None:
        self.quantity, self.unit_price, self.tax_id = Decimal(1), Decimal(price), tax_id


def come_to(session: Session, firm: Firm, price: str, tax: Tax) -> tuple[str, ...]:
    organisation = session.get_one(Organisation, firm.organisation_id)
    breakdown = billing.preview([Line(price, tax.id)], taxes_by_id(session), organisation, TODAY)
    return tuple(str(row.amount.decimal) for row in breakdown.taxes)


def two(session: Session, firm: Firm, first: str, second: str) -> list[Tax]:
    return [
        add_tax(session, firm.organisation_id, f"{name} {rate}", Decimal(rate))
        for name, rate in (("First", first), ("Second", second))
    ]


def test_each_half_of_a_group_is_rounded_by_itself(session: Session, firm: Firm) -> None:
    halves = add_group(session, firm.organisation_id, "GST18", two(session, firm, "9", "9.0"))
    whole = add_tax(session, firm.organisation_id, "IGST18", Decimal(18))
    assert come_to(session, firm, "635.25", halves) == ("57.17", "57.17")
    assert come_to(session, firm, "635.25", whole) == ("114.35",)


@pytest.mark.parametrize(("is_compound", "second"), [(False, "9.98"), (True, "10.47")])
def test_a_compound_member_is_reckoned_on_those_before_it(
    session: Session, firm: Firm, is_compound: bool, second: str
) -> None:
    members = two(session, firm, "5", "9.975")
    group = add_group(session, firm.organisation_id, "GST + QST", members, last_is_compound=is_compound)
    assert come_to(session, firm, "100.00", group) == ("5.00", second)


def test_a_group_of_one_is_refused(session: Session, firm: Firm) -> None:
    with pytest.raises(CannotChangeTax, match="needs two taxes"):
        add_group(session, firm.organisation_id, "Alone", two(session, firm, "5", "7")[:1])


def test_a_new_rate_counts_from_its_day_on(session: Session, firm: Firm) -> None:
    tax = add_tax(session, firm.organisation_id, "HST", Decimal(15))
    change_rate(session, tax, Decimal(14), date(2025, 4, 1))
    assert tax.rate_on(date(2025, 3, 31)) == 15
    assert tax.rate_on(date(2025, 4, 1)) == 14


def test_two_rates_from_one_day_are_refused(session: Session, firm: Firm) -> None:
    tax = add_tax(session, firm.organisation_id, "HST", Decimal(15), valid_from=date(2025, 4, 1))
    with pytest.raises(CannotChangeTax, match="already"):
        change_rate(session, tax, Decimal(14), date(2025, 4, 1))


def test_one_tax_is_the_usual_one(session: Session, firm: Firm) -> None:
    make_usual(session, add_tax(session, firm.organisation_id, "HST", Decimal(15)))
    assert [tax.name for tax in session.scalars(select(Tax).where(Tax.is_default))] == ["HST"]


def test_a_name_is_taken_once(session: Session, firm: Firm) -> None:
    add_tax(session, firm.organisation_id, "HST", Decimal(15))
    with pytest.raises(CannotChangeTax, match="this name"):
        add_tax(session, firm.organisation_id, "hst", Decimal(13))


@pytest.mark.parametrize(
    ("other", "is_refused"), [("SGST2.5", True), ("UTGST8", True), ("IGST18", False), ("Compensation cess 12", False)]
)
@pytest.mark.usefixtures("world")
def test_in_india_no_group_has_two_halves_that_differ(other: str, is_refused: bool) -> None:
    firm = make_firm(country="IN", currency="INR", time_zone="Asia/Kolkata")
    with job_session(firm.organisation_id) as session:
        known = {tax.name: tax for tax in list_taxes(session)}
        second = known.get(other) or add_tax(session, firm.organisation_id, other, Decimal(8))
        try:
            add_group(session, firm.organisation_id, "Both", [known["CGST9"], second])
        except CannotChangeTax as problem:
            assert is_refused and "halves of one tax: give both the same rate" in problem.sentence
        else:
            assert not is_refused


@pytest.mark.usefixtures("world")
def test_a_cess_beside_the_halves_does_not_part_them() -> None:
    firm = make_firm(country="IN", currency="INR", time_zone="Asia/Kolkata")
    with job_session(firm.organisation_id) as session:
        own, known = firm.organisation_id, {tax.name: tax for tax in list_taxes(session)}
        cess = add_tax(session, own, "Compensation cess", Decimal(12))
        halves = [add_tax(session, own, name, Decimal(7)) for name in ("CGST7", "SGST7")]
        group = add_group(session, own, "GST14 + cess", [*halves, cess])
        taxes = known | {tax.name: tax for tax in (*halves, cess, group)}
        moved = moving_with(halves[0], {tax.id: tax for tax in taxes.values()}, "IN")
        assert moved == [(halves[1], 1)] and moving_with(cess, {tax.id: tax for tax in taxes.values()}, "IN") == []
