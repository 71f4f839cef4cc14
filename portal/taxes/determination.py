"""Which tax a line gets, and why: from the firm, the customer, the item and the job. A pure decision; reads nothing.

The order is Zoho FSM's: a customer who pays no tax wins over everything, an item that bears none comes next, and only
then the region decides. Who gets neither a tax nor a reason is refused: that is not the same as 0 %.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

EUROPEAN_UNION = frozenset((
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE",
    "IT", "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE",
))  # fmt: skip
GULF = frozenset(("AE", "SA", "BH", "KW", "OM", "QA"))


class Undetermined(ValueError):
    """No tax and no reason can be found; the message says what to do about it."""


@dataclass(frozen=True)
class Firm:
    """place: its state's code where the law asks for one. by_kind: its tax for each kind other than percent."""

    country: str
    is_registered: bool = True
    place: str = ""
    by_kind: Mapping[str, int] = field(default_factory=dict)


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
    """tax: the usual one, inside the firm's state where states matter; tax_between_states: across the border."""

    tax: int | None = None
    tax_between_states: int | None = None
    is_taxable: bool = True
    exemption: str = ""


@dataclass(frozen=True)
class Job:
    """place: of supply (a code), address_tax: that of the service address."""

    place: str = ""
    address_tax: int | None = None
    is_domestic_reverse_charge: bool = False


@dataclass(frozen=True)
class Determined:
    """Either a tax, or none and the reason why there is none. why: the few words on the invoice line."""

    tax: int | None
    why: str
    reason: str = ""


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
    if country in EUROPEAN_UNION:
        return _european
    if country in GULF:
        return _gulf
    return {"US": _american, "IN": _indian, "GB": _british}.get(country, _elsewhere)


def _american(firm: Firm, buyer: Buyer, item: Item, job: Job) -> Determined:
    if job.address_tax is not None:
        return Determined(job.address_tax, "tax of the service address")
    if buyer.tax is not None:
        return Determined(buyer.tax, "customer's tax")
    return _usual(item)


def _indian(firm: Firm, buyer: Buyer, item: Item, job: Job) -> Determined:
    if buyer.treatment == "overseas":
        return _of_kind(firm, "zero", "export: customer overseas")
    if not firm.place:
        raise Undetermined("Give your own state under Settings.")
    if not job.place:
        raise Undetermined("Choose the place of supply: the state decides between CGST + SGST and IGST.")
    if job.place == firm.place and buyer.treatment != "sez":
        return _usual(item, f"intra-state: {firm.place}")
    if item.tax_between_states is None:
        raise Undetermined("Give the item its tax between states (IGST).")
    words = "supply to a special economic zone" if buyer.treatment == "sez" else f"{firm.place} → {job.place}"
    return Determined(item.tax_between_states, f"inter-state: {words}")


def _gulf(firm: Firm, buyer: Buyer, item: Item, job: Job) -> Determined:
    """Abroad is zero-rated, for a Gulf customer only where the place of supply is abroad, too."""
    if buyer.treatment == "non_gcc":
        return _of_kind(firm, "zero", "customer outside the GCC")
    if buyer.treatment.startswith("gcc_"):
        if not job.place:
            raise Undetermined("Choose the place of supply: a GCC country.")
        if job.place in GULF and job.place != firm.country:
            return _of_kind(firm, "zero", f"GCC customer, supplied in {job.place}")
    return _usual(item)


def _european(firm: Firm, buyer: Buyer, item: Item, job: Job) -> Determined:
    if buyer.country == firm.country:
        return _usual(item)
    if not buyer.has_tax_number:
        return _usual(item, f"no VAT number in {buyer.country}: our own rate" if buyer.country else "")
    if buyer.country in EUROPEAN_UNION:
        return _of_kind(firm, "reverse_charge", f"reverse charge: VAT-registered in {buyer.country}")
    return _of_kind(firm, "out_of_scope", f"business outside the EU: {buyer.country}")


def _british(firm: Firm, buyer: Buyer, item: Item, job: Job) -> Determined:
    if job.is_domestic_reverse_charge:
        if not buyer.has_tax_number:
            raise Undetermined("The domestic reverse charge needs the customer's VAT number.")
        return _of_kind(firm, "reverse_charge", "domestic reverse charge: construction")
    if buyer.treatment in ("eu_vat_registered", "overseas"):
        words = "VAT-registered in the EU" if buyer.treatment == "eu_vat_registered" else "overseas"
        return _of_kind(firm, "zero", f"customer {words}")
    return _usual(item)


def _elsewhere(firm: Firm, buyer: Buyer, item: Item, job: Job) -> Determined:
    if buyer.treatment == "overseas":
        return _of_kind(firm, "zero", "export: customer overseas")
    return _usual(item)


def _usual(item: Item, why: str = "") -> Determined:
    if item.tax is None:
        raise Undetermined("Choose a tax for the line, or say why it bears none.")
    return Determined(item.tax, why or "item's usual tax")


def _of_kind(firm: Firm, kind: str, why: str) -> Determined:
    if kind not in firm.by_kind:
        raise Undetermined(f"Add a tax of the kind {kind.replace('_', ' ')} under Settings → Taxes ({why}).")
    return Determined(firm.by_kind[kind], why)
