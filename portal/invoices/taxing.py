"""Which tax each line of a job gets, and why: rows to the plain values of taxes.determination, and its answer back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from portal.customers.models import Customer
from portal.invoices.models import InvoiceLine
from portal.organisations.models import Organisation
from portal.organisations.places import countries
from portal.taxes import determination
from portal.taxes.identifiers import problem_with
from portal.taxes.models import Tax
from portal.taxes.regions import place_of, places
from portal.taxes.regions.standing import standing_of
from portal.taxes.standing.queries import local_tax_of
from portal.work_orders.models import WorkOrder, WorkOrderLine

USUAL_CHOSEN = "the firm's usual tax"


@dataclass(frozen=True)
class OnLine:
    """What was decided for one line: a tax, or the reason for none. missing: what to do where neither was found.

    override  a person's reason, where a person and no rule decided
    """

    tax_id: int | None
    why: str = ""
    reason: str = ""
    missing: str = ""
    place: str = ""
    treatment: str = ""
    override: str = ""


@dataclass(frozen=True)
class Bearing:
    """What the arithmetic needs of a line."""

    quantity: Decimal
    unit_price: Decimal
    tax_id: int | None


def decide(
    session: Session, organisation: Organisation, work_order: WorkOrder, lines: Sequence[WorkOrderLine],
    taxes: Mapping[int, Tax], tax_point: date,
) -> list[OnLine]:  # fmt: skip
    """For each line of a job that was read whole."""
    case = _Case(organisation, work_order, taxes, tax_point, _address_tax(session, organisation, work_order))
    return [case.line(line) for line in lines]


def with_usual(decided: Sequence[OnLine], taxes: Mapping[int, Tax]) -> list[OnLine]:
    """A person has said so: the firm's usual tax where no rule finds one."""
    usual = usual_tax(taxes)
    return [chosen(each, usual, USUAL_CHOSEN) if each.missing and usual else each for each in decided]


def chosen(instead_of: OnLine, tax: Tax | None, reason: str) -> OnLine:
    """A person's choice; tax None: the line bears none, and `reason` says why."""
    return OnLine(
        tax.id if tax else None, why=f"chosen: {reason}"[:200], reason="" if tax else reason, override=reason,
        place=instead_of.place, treatment=instead_of.treatment,
    )  # fmt: skip


def usual_tax(taxes: Mapping[int, Tax]) -> Tax | None:
    return next((tax for tax in taxes.values() if tax.is_default and tax.is_active), None)


def bearing(lines: Sequence[WorkOrderLine], decided: Sequence[OnLine]) -> list[Bearing]:
    return [
        Bearing(line.quantity, line.unit_price, each.tax_id) for line, each in zip(lines, decided, strict=True)
    ]  # fmt: skip


def words_of(each: OnLine, taxes: Mapping[int, Tax]) -> str:
    """The tax and why, as the line will say it."""
    name = taxes[each.tax_id].name if each.tax_id is not None else ""
    return ", ".join(filter(None, (name, each.why)))


def write_on(line: InvoiceLine, each: OnLine, taxes: Mapping[int, Tax], tax_point: date) -> None:
    """Put a decision on a draft's line."""
    tax = taxes.get(each.tax_id) if each.tax_id is not None else None
    line.tax_id, line.tax_name = each.tax_id, tax.name if tax else ""
    line.tax_rate = tax.rate_on(tax_point) if tax else Decimal(0)
    line.tax_why, line.tax_reason, line.tax_missing = each.why, each.reason, each.missing
    line.tax_override, line.place_of_supply, line.tax_treatment = each.override, each.place, each.treatment


class _Case:
    """One job on one day."""

    def __init__(
        self, organisation: Organisation, work_order: WorkOrder, taxes: Mapping[int, Tax], tax_point: date,
        address_tax: int | None,
    ) -> None:  # fmt: skip
        self.organisation, self.work_order, self.taxes, self.day = organisation, work_order, taxes, tax_point
        self.address_tax = address_tax
        self.customer, self.home = work_order.customer, organisation.country
        site, billed = work_order.service_address, work_order.billing_address
        self.site_country = site.country if site else ""
        self.buyer_country = (billed.country if billed else "") or self.site_country or self.home
        self.place = self._place()
        self.buyer = self._buyer()
        self.names = countries() | places(self.home)
        # The charge turns round for the whole job: materials go with the work.
        is_construction = any(line.kind == "service" and _on_building(line) for line in work_order.lines)
        self.is_reverse_charge = self.customer.accounts_for_tax and is_construction

    def line(self, line: WorkOrderLine) -> OnLine:
        usual = self.taxes.get(line.tax_id) if line.tax_id is not None else None
        job = determination.Job(self.place, self.address_tax, self.is_reverse_charge, self.site_country)
        treatment = self.customer.tax_treatment
        try:
            found = determination.determine(self._firm(usual), self.buyer, self._item(line, usual), job)
        except determination.Undetermined as problem:
            return OnLine(None, missing=str(problem)[:200], place=self.place, treatment=treatment)
        tax = self.taxes.get(found.tax) if found.tax is not None else None
        why = tax.why or found.why if tax and found.is_usual else found.why
        return OnLine(
            found.tax, why=why[:200], reason=found.reason[:200], place=self.place, treatment=treatment
        )  # fmt: skip

    def _firm(self, usual: Tax | None) -> determination.Firm:
        own = self.organisation
        place = own.tax_place or (own.tax_number[:2] if own.tax_number[:2] in places(self.home) else "")
        return determination.Firm(self.home, own.is_registered_on(self.day), place, self._by_kind(usual), self.names)

    def _by_kind(self, usual: Tax | None) -> dict[str, int]:
        """A reverse charge at the rate that the item would bear, where the firm has one."""
        found: dict[str, int] = {}
        rate = usual.rate_on(self.day) if usual else None
        for tax in sorted(self.taxes.values(), key=lambda tax: (tax.rate_on(self.day) != rate, tax.id)):
            if tax.is_active and tax.kind not in ("percent", "group"):
                found.setdefault(tax.kind, tax.id)
        return found

    def _buyer(self) -> determination.Buyer:
        customer = self.customer
        exemption = _exemption_of(customer, self.day)
        return determination.Buyer(
            self.buyer_country, customer.tax_treatment, self._is_business(), is_taxable=not exemption,
            exemption=exemption, tax=customer.tax_id,
        )  # fmt: skip

    def _is_business(self) -> bool:
        """With a number that can be one; outside the EU a European firm takes the customer's word for it."""
        customer = self.customer
        if customer.tax_treatment == "consumer":
            return False
        is_abroad = self.buyer_country not in determination.EUROPEAN_UNION
        has_number = bool(customer.tax_number) and not problem_with(self.buyer_country, customer.tax_number)
        return has_number or (customer.tax_treatment == "business" and is_abroad)

    def _item(self, line: WorkOrderLine, usual: Tax | None) -> determination.Item:
        item = line.item
        exemption = item.exemption.name if item and item.exemption else ""
        between = usual.between_states_id if usual else None
        if usual and usual.kind not in ("percent", "group"):
            between = usual.id
        return determination.Item(
            line.tax_id, between, is_taxable=not exemption, exemption=exemption, kind=usual.kind if usual else "",
            is_goods=line.kind == "part", on_building=_on_building(line),
        )  # fmt: skip

    def _place(self) -> str:
        """Where the work is done, before what is usual with the customer."""
        site, billed, home = self.work_order.service_address, self.work_order.billing_address, self.home
        known, customer = places(home), self.customer
        abroad = self.site_country if self.site_country != home and self.site_country in known else ""
        number = customer.tax_number[:2] if standing_of(home).get("own_place") else ""
        found = (
            abroad, place_of(home, site.state) if site else "", customer.place_of_supply,
            number if number in known else "", place_of(home, billed.state) if billed else "",
        )  # fmt: skip
        return next(filter(None, found), "")


def _address_tax(session: Session, organisation: Organisation, work_order: WorkOrder) -> int | None:
    """Of where the work is done, in the countries where that decides."""
    site, country = work_order.service_address, organisation.country
    if site is None or not standing_of(country).get("by_address") or (site.country or country) != country:
        return None
    return local_tax_of(session, country, site.state, site.city, site.postal_code)


def _on_building(line: WorkOrderLine) -> bool:
    return line.item.on_building if line.item else True


def _exemption_of(customer: Customer, day: date) -> str:
    """Why they pay no tax on that day: not with a certificate that has run out."""
    if customer.exemption is None or (customer.certificate_until and customer.certificate_until < day):
        return ""
    number = f", certificate {customer.certificate}" if customer.certificate else ""
    return customer.exemption.name + number
