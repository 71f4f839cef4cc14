"""What decides about a tax, and the answer: plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

EUROPEAN_UNION = frozenset((
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE",
    "IT", "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE",
))  # fmt: skip
BY_ADDRESS = frozenset(("US", "CA"))
GULF = frozenset(("AE", "SA", "BH", "KW", "OM", "QA"))
CHARGED = frozenset(("percent", "group"))
NOT_REGISTERED = "not registered for tax"
USUAL = "item's usual tax"


class Undetermined(ValueError):
    """No tax and no reason can be found; the message says what to do about it."""


@dataclass(frozen=True)
class Firm:
    """place: its state's code where the law asks for one; number_place: of which state its tax number is.
    by_kind: its tax for each kind other than percent. names: of places, for the words on the line."""

    country: str
    is_registered: bool = True
    place: str = ""
    by_kind: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    number_place: str = ""

    def named(self, place: str) -> str:
        return self.names.get(place, place)


@dataclass(frozen=True)
class Buyer:
    """treatment: Zoho's word for the standing, where it has one.

    has_tax_number    one that passed the check
    accounts_for_tax  has said so: the UK's domestic reverse charge
    number_country    of which country the tax number is, where no address says where they are
    """

    country: str
    treatment: str = ""
    has_tax_number: bool = False
    is_taxable: bool = True
    exemption: str = ""
    tax: int | None = None
    accounts_for_tax: bool = False
    number_country: str = ""


@dataclass(frozen=True)
class Item:
    """tax: the usual one, inside the firm's state where states matter; tax_between_states: across the border.

    kind         of the usual tax; exempt and out_of_scope are the item's own standing, whoever buys it
    on_building  repair, installation, cleaning of a building, or a part for it
    is_whole     not one half of a tax that has two
    charged      the item with the tax that is charged where a reverse charge cannot be
    is_outside   it bears no tax as it is outside the tax, and not exempt from it
    """

    tax: int | None = None
    tax_between_states: int | None = None
    is_taxable: bool = True
    exemption: str = ""
    kind: str = "percent"
    is_goods: bool = False
    on_building: bool = False
    is_whole: bool = True
    charged: "Item | None" = None
    is_outside: bool = False


@dataclass(frozen=True)
class Job:
    """place: of supply (a code), address_tax: that of the service address; country: where work is done, if known.

    address          what its place is called, where taxes go by the address; "" where nobody knows
    is_place_chosen  the office said so of this customer; else the addresses did
    """

    place: str = ""
    address_tax: int | None = None
    is_domestic_reverse_charge: bool = False
    country: str = ""
    is_place_chosen: bool = False
    address: str = ""


@dataclass(frozen=True)
class Determined:
    """Either a tax, or none and the reason why there is none. why: the few words on the invoice line."""

    tax: int | None
    why: str
    reason: str = ""

    @property
    def is_usual(self) -> bool:
        """The last rule: nothing but the item's own tax decided."""
        return self.why == USUAL
