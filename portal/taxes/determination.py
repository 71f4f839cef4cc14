"""Which tax a line gets, and why: from the firm, the customer, the item and the job. A pure decision; reads nothing.

The order is Zoho FSM's: a customer who pays no tax wins over everything, an item that bears none comes next, and only
then the region decides. Who gets neither a tax nor a reason is refused: that is not the same as 0 %.

Work on a building is taxed where the building stands, whoever pays for it (EU: directive 2006/112, article 47), and
parts where they are handed over: with a job at home, a customer from abroad pays the tax of home.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

EUROPEAN_UNION = frozenset((
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE",
    "IT", "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE",
))  # fmt: skip
BY_ADDRESS = frozenset(("US", "CA"))
GULF = frozenset(("AE", "SA", "BH", "KW", "OM", "QA"))

_USUAL = "item's usual tax"


class Undetermined(ValueError):
    """No tax and no reason can be found; the message says what to do about it."""


@dataclass(frozen=True)
class Firm:
    """place: its state's code where the law asks for one. by_kind: its tax for each kind other than percent.
    names: of places, for the words on the line."""

    country: str
    is_registered: bool = True
    place: str = ""
    by_kind: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def named(self, place: str) -> str:
        return self.names.get(place, place)


@dataclass(frozen=True)
class Buyer:
    """has_tax_number: one that passed the check. treatment: Zoho's word for the standing, where it has one."""

    country: str
    treatment: str = ""
    has_tax_number: bool = False
    is_taxable: bool = True
    exemption: str = ""
    tax: int | None = None


@dataclass(frozen=True)
class Item:
    """tax: the usual one, inside the firm's state where states matter; tax_between_states: across the border.

    kind         of the usual tax; exempt and out_of_scope are the item's own standing, whoever buys it
    on_building  repair, installation, cleaning of a building, or a part for it
    """

    tax: int | None = None
    tax_between_states: int | None = None
    is_taxable: bool = True
    exemption: str = ""
    kind: str = "percent"
    is_goods: bool = False
    on_building: bool = False


@dataclass(frozen=True)
class Job:
    """place: of supply (a code), address_tax: that of the service address; country: where work is done, if known."""

    place: str = ""
    address_tax: int | None = None
    is_domestic_reverse_charge: bool = False
    country: str = ""


@dataclass(frozen=True)
class Determined:
    """Either a tax, or none and the reason why there is none. why: the few words on the invoice line."""

    tax: int | None
    why: str
    reason: str = ""

    @property
    def is_usual(self) -> bool:
        """The last rule: nothing but the item's own tax decided."""
        return self.why == _USUAL


def determine(firm: Firm, buyer: Buyer, item: Item, job: Job) -> Determined:
    """Raises Undetermined."""
    if not firm.is_registered:
        return Determined(None, "not registered for tax", reason="not registered for tax")
    if not buyer.is_taxable:
        return _untaxed(buyer.exemption, "customer exempt", "Say why this customer pays no tax.")
    if not item.is_taxable:
        return _untaxed(item.exemption, "not taxable", "Say why this item bears no tax.")
    return _rule_of(firm.country)(firm, buyer, item, job)


def _untaxed(exemption: str, words: str, otherwise: str) -> Determined:
    if not exemption.strip():
        raise Undetermined(otherwise)
    return Determined(None, f"{words}: {exemption}", reason=exemption)


def _rule_of(country: str) -> Callable[[Firm, Buyer, Item, Job], Determined]:
    if country in BY_ADDRESS:
        return _by_address
    if country in EUROPEAN_UNION:
        return _european
    if country in GULF:
        return _gulf
    return {"IN": _indian, "GB": _british, "MX": _mexican}.get(country, _elsewhere)


def _stays_at_home(firm: Firm, item: Item, job: Job) -> bool:
    """A building at home, or a part that does not leave it."""
    return job.country == firm.country and (item.on_building or item.is_goods)


def _has_own_standing(item: Item) -> bool:
    return item.tax is not None and item.kind in ("exempt", "out_of_scope")


def _by_address(firm: Firm, buyer: Buyer, item: Item, job: Job) -> Determined:
    """United States and Canada: state, county, city or province of the service address."""
    if job.address_tax is not None:
        return Determined(job.address_tax, "tax of the service address")
    if buyer.tax is not None:
        return Determined(buyer.tax, "customer's tax")
    return _usual(item)


def _indian(firm: Firm, buyer: Buyer, item: Item, job: Job) -> Determined:
    if _has_own_standing(item):
        return _usual(item)
    if buyer.treatment == "overseas" and not _stays_at_home(firm, item, job):
        return _of_kind(firm, "zero", "export: customer overseas")
    if not firm.place:
        raise Undetermined("Give your own state under Settings.")
    if not job.place:
        raise Undetermined("Choose the place of supply: the state decides between CGST + SGST and IGST.")
    if job.place == firm.place and buyer.treatment != "sez":
        return _usual(item, f"intra-state: {firm.named(firm.place)}")
    if item.tax_between_states is None:
        raise Undetermined("Give the item its tax between states (IGST).")
    between = f"{firm.named(firm.place)} → {firm.named(job.place)}"
    words = "supply to a special economic zone" if buyer.treatment == "sez" else between
    return Determined(item.tax_between_states, f"inter-state: {words}")


def _gulf(firm: Firm, buyer: Buyer, item: Item, job: Job) -> Determined:
    """Abroad is zero-rated, for a Gulf customer only where the place of supply is abroad, too."""
    if _has_own_standing(item):
        return _usual(item)
    if buyer.treatment == "non_gcc" and not _stays_at_home(firm, item, job):
        return _of_kind(firm, "zero", "customer outside the GCC")
    if buyer.treatment.startswith("gcc_"):
        if not job.place:
            raise Undetermined("Choose the place of supply: a GCC country.")
        if job.place in GULF and job.place != firm.country:
            return _of_kind(firm, "zero", f"GCC customer, supplied in {firm.named(job.place)}")
    return _usual(item)


def _european(firm: Firm, buyer: Buyer, item: Item, job: Job) -> Determined:
    if _has_own_standing(item):
        return _usual(item)
    if item.on_building and job.country and job.country != firm.country:
        return _building_abroad(firm, buyer, job)
    if buyer.country == firm.country:
        return _usual(item)
    if _stays_at_home(firm, item, job):
        return _usual(item, f"{'building' if item.on_building else 'handed over'} in {firm.named(firm.country)}")
    if not buyer.has_tax_number:
        return _usual(item, f"no VAT number in {firm.named(buyer.country)}: our own rate" if buyer.country else "")
    if buyer.country in EUROPEAN_UNION:
        if item.is_goods and job.country in EUROPEAN_UNION:
            return _of_kind(firm, "zero", f"intra-Community supply to {firm.named(job.country)}")
        return _of_kind(firm, "reverse_charge", f"reverse charge: VAT-registered in {firm.named(buyer.country)}")
    return _of_kind(firm, "out_of_scope", f"business outside the EU: {firm.named(buyer.country)}")


def _building_abroad(firm: Firm, buyer: Buyer, job: Job) -> Determined:
    where = firm.named(job.country)
    if job.country not in EUROPEAN_UNION:
        return _of_kind(firm, "out_of_scope", f"building outside the EU: {where}")
    if buyer.has_tax_number:
        return _of_kind(firm, "reverse_charge", f"reverse charge: building in {where}")
    raise Undetermined(f"The building stands in {where}: its VAT is due there. Choose the tax on this line.")


def _british(firm: Firm, buyer: Buyer, item: Item, job: Job) -> Determined:
    if _has_own_standing(item):
        return _usual(item)
    if job.is_domestic_reverse_charge and item.kind != "zero":
        if not buyer.has_tax_number:
            raise Undetermined("The domestic reverse charge needs the customer's VAT number.")
        return _of_kind(firm, "reverse_charge", "domestic reverse charge: construction")
    if item.on_building and job.country and job.country != firm.country:
        return _of_kind(firm, "out_of_scope", f"building outside the UK: {firm.named(job.country)}")
    if buyer.treatment in ("eu_vat_registered", "overseas") and not _stays_at_home(firm, item, job):
        words = "VAT-registered in the EU" if buyer.treatment == "eu_vat_registered" else "overseas"
        return _of_kind(firm, "zero", f"customer {words}")
    return _usual(item)


def _mexican(firm: Firm, buyer: Buyer, item: Item, job: Job) -> Determined:
    """In the border region the lower rate takes the place of the general one."""
    if buyer.treatment == "border_region_mexico" and item.kind == "percent":
        if item.tax_between_states is None:
            raise Undetermined("Give the item's tax the one that takes its place in the border region.")
        return Determined(item.tax_between_states, "border region")
    return _elsewhere(firm, buyer, item, job)


def _elsewhere(firm: Firm, buyer: Buyer, item: Item, job: Job) -> Determined:
    if buyer.treatment == "overseas" and not _has_own_standing(item) and not _stays_at_home(firm, item, job):
        return _of_kind(firm, "zero", "export: customer overseas")
    return _usual(item)


def _usual(item: Item, why: str = "") -> Determined:
    if item.tax is None:
        raise Undetermined("Choose a tax for the line, or say why it bears none.")
    return Determined(item.tax, why or _USUAL)


def _of_kind(firm: Firm, kind: str, why: str) -> Determined:
    """The firm's tax of that kind. What is outside the tax needs no record of it: the words are the reason."""
    if kind in firm.by_kind:
        return Determined(firm.by_kind[kind], why)
    if kind == "out_of_scope":
        return Determined(None, why, reason=why)
    raise Undetermined(f"Add a tax of the kind {kind.replace('_', ' ')} under Settings → Taxes ({why}).")
