"""One job on one day: what decides about the taxes of its lines and of its shipping, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from portal.customers.models import Customer
from portal.organisations.models import Organisation
from portal.organisations.places import countries
from portal.taxes import determination, together
from portal.taxes.identifiers import country_of, problem_with
from portal.taxes.models import Tax
from portal.taxes.naming import without_rate
from portal.taxes.regions import place_of, places
from portal.taxes.regions.standing import place_code, standing_of
from portal.work_orders.models import WorkOrder, WorkOrderLine

_CHARGED = determination.CHARGED


@dataclass(frozen=True)
class OnLine:
    """What was decided for one line: a tax, or the reason for none. missing: what to do where neither was found.

    override  a person's reason, where a person and no rule decided
    usual_id  the firm's usual tax, or what takes its place in this supply: for whoever has to go on
    """

    tax_id: int | None
    why: str = ""
    reason: str = ""
    missing: str = ""
    place: str = ""
    treatment: str = ""
    override: str = ""
    usual_id: int | None = None


class Case:
    def __init__(
        self, organisation: Organisation, work_order: WorkOrder, taxes: Mapping[int, Tax], tax_point: date,
        address_tax: int | None,
    ) -> None:  # fmt: skip
        self.organisation, self.work_order, self.taxes, self.day = organisation, work_order, taxes, tax_point
        self.customer, self.home = work_order.customer, organisation.country
        site, billed = work_order.service_address, work_order.billing_address
        self.site_country = site.country if site else ""
        self.buyer_country = (billed.country if billed else "") or self.site_country
        self.names = countries() | places(self.home)
        # The charge turns round for the whole job: materials go with the work.
        is_construction = any(line.kind == "service" and _on_building(line) for line in work_order.lines)
        self.buyer = self._buyer()
        self.job = determination.Job(
            self._place(), address_tax, self.customer.accounts_for_tax and is_construction, self.site_country,
            is_place_chosen=bool(self.customer.place_of_supply), address=self._address(),
        )  # fmt: skip
        usual = usual_tax(taxes)
        fitting = self.fitting(usual) if usual else None
        self.usual = fitting if fitting and fitting.begins_after(tax_point) is None else None
        if self.usual and self.home == "US" and self.usual.kind not in _CHARGED:
            self.usual = None  # no tax at all is no answer to the question which one

    def line(self, line: WorkOrderLine) -> OnLine:
        item = line.item
        exemption = item.exemption.name if item and item.exemption else ""
        usual = self.taxes.get(line.tax_id) if line.tax_id is not None else None
        return self._decided(usual, determination.Item(
            is_taxable=not exemption, exemption=exemption, is_goods=line.kind == "part", on_building=_on_building(line),
            is_outside=bool(item and item.exemption and item.exemption.is_outside),
        ))  # fmt: skip

    def shipping(self, usual: Tax | None, lines: Sequence[WorkOrderLine]) -> OnLine:
        """It goes with what is shipped. usual: what it bears where nothing else decides; None: the firm's usual tax."""
        on_building = any(_on_building(line) for line in lines)
        is_goods = any(line.kind == "part" for line in lines)
        return self._decided(
            usual or usual_tax(self.taxes), determination.Item(is_goods=is_goods, on_building=on_building)
        )

    def fitting(self, tax: Tax) -> Tax | None:
        """What `tax` is in this supply, as IGST18 is for GST18 between states; None where this customer can have none
        such."""
        firm = self._firm(tax)
        if tax.kind == "reverse_charge":
            return tax if determination.can_reverse(firm, self.buyer) else None
        usual = together.at_home(tax, self.taxes, self.home)
        is_across = determination.is_across(firm, self.buyer, self.job)
        if tax.kind not in _CHARGED or not standing_of(self.home).get("replaced_in") or is_across is None:
            return usual
        if is_across:
            is_free = usual is tax and tax.kind == "percent"
            return self.taxes.get(usual.between_states_id or 0, tax if is_free else None)
        return usual if together.is_whole(usual, self.home) else None

    def _decided(self, usual: Tax | None, item: determination.Item) -> OnLine:
        common = OnLine(
            None, place=self.job.place, treatment=self.customer.tax_treatment,
            usual_id=self.usual.id if self.usual else None,
        )  # fmt: skip
        try:
            found = determination.determine(self._firm(usual), self.buyer, self._bearing(item, usual), self.job)
        except determination.Undetermined as problem:
            return replace(common, missing=str(problem)[:200])
        tax = self.taxes.get(found.tax) if found.tax is not None else None
        begins = tax.begins_after(self.day) if tax else None
        if tax and begins:
            return replace(common, missing=without_rate(tax.name, self.day, begins)[:200])
        why = tax.why or found.why if tax and found.is_usual else found.why
        lapsed = lapsed_on(self.customer, self.day) if tax and tax.kind in _CHARGED else None
        why = f"exemption certificate expired on {lapsed} ({why})" if lapsed else why
        return replace(common, tax_id=found.tax, why=why[:200], reason=found.reason[:200])

    def _firm(self, usual: Tax | None) -> determination.Firm:
        own = self.organisation
        of_number = own.tax_number[:2] if own.tax_number[:2] in places(self.home) else ""
        return determination.Firm(
            self.home, own.is_registered_on(self.day), own.tax_place or of_number, self._by_kind(usual), self.names,
            number_place=of_number if standing_of(self.home).get("own_place") else "",
        )  # fmt: skip

    def _by_kind(self, usual: Tax | None) -> dict[str, int]:
        """A reverse charge at the rate that the item would bear, where the firm has one."""
        found: dict[str, int] = {}
        for tax in sorted(self.taxes.values(), key=lambda tax: (not self._same_rate(tax, usual), tax.id)):
            if tax.is_active and tax.kind not in _CHARGED:
                found.setdefault(tax.kind, tax.id)
        return found

    def _same_rate(self, tax: Tax, usual: Tax | None) -> bool:
        return usual is not None and tax.rate_on(self.day) == usual.rate_on(self.day)

    def _bearing(self, item: determination.Item, tax: Tax | None) -> determination.Item:
        """The item with its usual tax, as the tax is at home."""
        if tax is None:
            return replace(item, kind="")
        usual = together.at_home(tax, self.taxes, self.home)
        charged = self._charged_for(tax) if tax.kind == "reverse_charge" else None
        return replace(
            item, tax=usual.id, tax_between_states=usual.between_states_id if usual.kind in _CHARGED else usual.id,
            kind=usual.kind, is_whole=together.is_whole(usual, self.home),
            charged=self._bearing(item, charged) if charged else None,
        )  # fmt: skip

    def _charged_for(self, reversed_tax: Tax) -> Tax | None:
        """What is charged where the charge cannot be reversed: at the same rate, or else the usual tax."""
        charged = [
            tax for tax in self.taxes.values()
            if tax.is_active and tax.kind in _CHARGED and (tax.is_default or self._same_rate(tax, reversed_tax))
        ]  # fmt: skip
        return min(
            charged, key=lambda tax: (not self._same_rate(tax, reversed_tax), not tax.is_default, tax.id), default=None
        )

    def _buyer(self) -> determination.Buyer:
        customer = self.customer
        exemption = _exemption_of(customer, self.day)
        number_country = "" if self.buyer_country else country_of(self.home, customer.tax_number)
        return determination.Buyer(
            self.buyer_country or self.home, customer.tax_treatment, self._is_business(), is_taxable=not exemption,
            exemption=exemption, tax=customer.tax_id, accounts_for_tax=customer.accounts_for_tax,
            number_country=number_country,
        )  # fmt: skip

    def _is_business(self) -> bool:
        """With a number that can be one; outside the EU a European firm takes the customer's word for it."""
        customer, country = self.customer, self.buyer_country or self.home
        if customer.tax_treatment == "consumer":
            return False
        is_abroad = country not in determination.EUROPEAN_UNION
        has_number = bool(customer.tax_number) and not problem_with(country, customer.tax_number)
        return has_number or (customer.tax_treatment == "business" and is_abroad)

    def _address(self) -> str:
        """What the place of the work is called, where the tax goes by it."""
        site, states = self.work_order.service_address, standing_of(self.home).get("states", {})
        if site is None or self.site_country not in ("", self.home):
            return self.names.get(self.site_country, "")
        return str(states.get(place_code(self.home, site.state, states), site.state.strip()))

    def _place(self) -> str:
        """What the office chose for the customer, else where the work is done, else what number and bill say."""
        site, billed, home = self.work_order.service_address, self.work_order.billing_address, self.home
        known, customer = places(home), self.customer
        abroad = self.site_country if self.site_country != home and self.site_country in known else ""
        number = customer.tax_number[:2] if standing_of(home).get("own_place") else ""
        found = (
            customer.place_of_supply, abroad, place_of(home, site.state) if site else "",
            number if number in known else "", place_of(home, billed.state) if billed else "",
        )  # fmt: skip
        return next(filter(None, found), "")


def usual_tax(taxes: Mapping[int, Tax]) -> Tax | None:
    """The firm's."""
    return next((tax for tax in taxes.values() if tax.is_default and tax.is_active and not tax.is_withheld), None)


def _on_building(line: WorkOrderLine) -> bool:
    return line.item.on_building if line.item else True


def lapsed_on(customer: Customer, day: date) -> date | None:
    """The last day of a certificate that no longer counts on `day`."""
    until = customer.certificate_until if customer.exemption_id else None
    return until if until and until < day else None


def reason_of(exemption: str, certificate: str) -> str:
    """Why a customer pays no tax, as a line says it."""
    return f"{exemption}, certificate {certificate}" if certificate else exemption


def _exemption_of(customer: Customer, day: date) -> str:
    """Why they pay no tax on that day: not with a certificate that has run out."""
    if customer.exemption is None or lapsed_on(customer, day):
        return ""
    return reason_of(customer.exemption.name, customer.certificate)
