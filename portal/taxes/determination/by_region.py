"""The last question: which tax does the region ask for, where customer and item bear one?"""

from collections.abc import Callable

from portal.taxes.determination.values import (
    BY_ADDRESS,
    CHARGED,
    EUROPEAN_UNION,
    GULF,
    USUAL,
    Buyer,
    Determined,
    Firm,
    Item,
    Job,
    Undetermined,
)  # fmt: skip


def rule_of(country: str) -> Callable[[Firm, Buyer, Item, Job], Determined]:
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
    """United States and Canada: state, county, city or province of the service address.

    What is exempt or zero-rated in Canada is so in each province; in the United States an item's exemption says it.
    """
    if firm.country != "US" and (_has_own_standing(item) or (item.tax is not None and item.kind == "zero")):
        return _usual(item)
    if job.address_tax is not None:
        return Determined(job.address_tax, "tax of the service address")
    if buyer.tax is not None:
        return Determined(buyer.tax, "customer's tax")
    if firm.country == "US" and item.kind not in CHARGED:  # what a firm begins with: it stands for no rate at all
        raise Undetermined(
            f"No rate is entered for {job.address or 'the place of the work'}: enter the rates of places under"
            " Settings → Taxes, choose a tax on this line, or give the reason why none is charged."
        )
    return _usual(item)


def _indian(firm: Firm, buyer: Buyer, item: Item, job: Job) -> Determined:
    if _has_own_standing(item):
        return _usual(item)
    if buyer.treatment == "overseas" and not job.is_place_chosen and not _stays_at_home(firm, item, job):
        return _of_kind(firm, "zero", "export: customer overseas")
    if not firm.place:
        raise Undetermined("Give your own state under Settings.")
    if firm.number_place and firm.number_place != firm.place:
        theirs = f"{firm.named(firm.number_place)}, your registration {firm.named(firm.place)}"
        raise Undetermined(f"Your GSTIN says {theirs}. Correct one of them under Settings.")
    if not job.place:
        raise Undetermined("Choose the place of supply: the state decides between CGST + SGST and IGST.")
    if not is_across(firm, buyer, job):
        if not item.is_whole:
            raise Undetermined("Within the state a tax is CGST and SGST: give the item the group of both.")
        return _usual(item, f"intra-state: {firm.named(firm.place)}")
    if item.tax_between_states is None:
        raise Undetermined("Give the item its tax between states (IGST).")
    between = f"{firm.named(firm.place)} → {firm.named(job.place)}"
    words = "supply to a special economic zone" if buyer.treatment == "sez" else between
    return Determined(item.tax_between_states, f"inter-state: {words}")


def is_across(firm: Firm, buyer: Buyer, job: Job) -> bool | None:
    """Whether another tax takes the usual one's place: in another state of India, in Mexico's border region.

    None: nobody knows yet.
    """
    if firm.country == "MX":
        return buyer.treatment == "border_region_mexico"
    if firm.country != "IN":
        return False
    if buyer.treatment == "sez":
        return True
    return job.place != firm.place if job.place and firm.place else None


def _gulf(firm: Firm, buyer: Buyer, item: Item, job: Job) -> Determined:
    """Zoho's matrix (TAX.md §1.1): outside the GCC is zero-rated, a GCC customer where the place of supply is one of
    its countries, too. A place at home that the office chose for the customer goes before their standing."""
    if _has_own_standing(item):
        return _usual(item)
    is_at_home = bool(job.place) and (job.place not in GULF or job.place == firm.country)
    if buyer.treatment == "non_gcc" and not (job.is_place_chosen and is_at_home):
        return _of_kind(firm, "zero", "customer outside the GCC")
    if buyer.treatment.startswith("gcc_"):
        if not job.place:
            raise Undetermined("Choose the place of supply: a GCC country.")
        if not is_at_home:
            return _of_kind(firm, "zero", f"GCC customer, supplied in {firm.named(job.place)}")
    return _usual(item)


def _european(firm: Firm, buyer: Buyer, item: Item, job: Job) -> Determined:
    if _has_own_standing(item):
        return _usual(item)
    if item.on_building and job.country and job.country != firm.country:
        return _building_abroad(firm, buyer, job)
    if item.is_goods and job.country and job.country not in EUROPEAN_UNION:  # directive 2006/112, articles 36 and 146
        return _of_kind(firm, "zero", f"export to {firm.named(job.country)}")
    if buyer.country == firm.country:
        return _at_home_in_europe(firm, buyer, item, job)
    if _stays_at_home(firm, item, job):
        return _usual(item, f"{'building' if item.on_building else 'handed over'} in {firm.named(firm.country)}")
    if not buyer.has_tax_number:
        return _usual(item, f"no VAT number in {firm.named(buyer.country)}: our own rate" if buyer.country else "")
    if buyer.country in EUROPEAN_UNION:
        if item.is_goods and job.country in EUROPEAN_UNION:
            return _of_kind(firm, "zero", f"intra-Community supply to {firm.named(job.country)}")
        return _of_kind(firm, "reverse_charge", f"reverse charge: VAT-registered in {firm.named(buyer.country)}")
    return _of_kind(firm, "out_of_scope", f"business outside the EU: {firm.named(buyer.country)}")


def _at_home_in_europe(firm: Firm, buyer: Buyer, item: Item, job: Job) -> Determined:
    if buyer.number_country not in ("", firm.country):
        of = firm.named(buyer.number_country)
        raise Undetermined(f"The customer's VAT number is of {of}: enter their address, as it decides the tax.")
    if item.is_goods and job.country not in ("", firm.country):  # directive 2006/112, articles 32 and 36
        there = firm.named(job.country)
        ways = f"Goods installed in {there} bear the VAT of {there}, goods only sent there yours."
        raise Undetermined(f"{ways} Choose the tax on this line.")
    return _usual(item)


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
    if item.is_goods and job.country not in ("", firm.country):  # VAT Act 1994, sections 7(3) and 30(6)
        return _of_kind(firm, "zero", f"export to {firm.named(job.country)}")
    return _usual(item)


def _mexican(firm: Firm, buyer: Buyer, item: Item, job: Job) -> Determined:
    """In the border region the lower rate takes the place of the general one."""
    if is_across(firm, buyer, job) and item.kind == "percent":
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
    return Determined(item.tax, why or USUAL)


def _of_kind(firm: Firm, kind: str, why: str) -> Determined:
    """The firm's tax of that kind. What is outside the tax needs no record of it: the words are the reason."""
    if kind in firm.by_kind:
        return Determined(firm.by_kind[kind], why)
    if kind == "out_of_scope":
        return Determined(None, why, reason=why)
    raise Undetermined(f"Add a tax of the kind {kind.replace('_', ' ')} under Settings → Taxes ({why}).")
