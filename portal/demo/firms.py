"""The believable firms of the demo: facts only."""

from dataclasses import dataclass
from decimal import Decimal

PASSWORD = "demo-portal-2026"  # every demo sign-in; the demo listens on this machine only


@dataclass(frozen=True)
class DemoPerson:
    name: str
    email: str
    role: str


@dataclass(frozen=True)
class DemoCustomer:
    kind: str
    name: str
    contact: str
    email: str
    phone: str
    street: str
    city: str
    postal_code: str


@dataclass(frozen=True)
class DemoItem:
    code: str
    kind: str
    name: str
    price: str
    unit: str = ""


@dataclass(frozen=True)
class DemoJob:
    """customer: index; hour of the visit; items: (code, quantity)."""

    customer: int
    title: str
    hour: int
    items: tuple[tuple[str, str], ...]
    notes: str = ""
    role: str = "field_agent"  # of the technician who is sent


@dataclass(frozen=True)
class DemoFirm:
    name: str
    country: str
    currency: str
    time_zone: str
    locale: str
    email: str
    phone: str
    address: str
    tax_number: str
    stripe_key: str
    zoho_user: str
    zoho_product: str
    zoho_centre: str
    people: tuple[DemoPerson, ...]
    customers: tuple[DemoCustomer, ...]
    items: tuple[DemoItem, ...]
    today: tuple[DemoJob, ...]
    done: tuple[tuple[int, DemoJob, str], ...]  # days ago, the job, what became of it: unbilled | sent | paid
    extra_tax: tuple[str, Decimal] | None = None
    logo: str = ""  # a file beside this one


NORTHGATE = DemoFirm(
    name="Northgate Heating", country="GB", currency="GBP", time_zone="Europe/London", locale="en_GB",
    email="office@northgate.example", phone="0113 496 0100", address="Unit 4, Kirkstall Yard, Leeds LS3 1LH",
    tax_number="GB 980 7806 84", stripe_key="rk_test_northgate", zoho_user="admin@northgate.example",
    zoho_product="books", zoho_centre="eu", logo="northgate.png",
    people=(
        DemoPerson("Ada Northgate", "admin@northgate.example", "administrator"),
        DemoPerson("Morgan Kay", "manager@northgate.example", "manager"),
        DemoPerson("Dana Wells", "dana@northgate.example", "field_agent"),
        DemoPerson("Lee Fraser", "lee@northgate.example", "limited_field_agent"),
    ),
    customers=(
        DemoCustomer("business", "Maple Dental Practice", "Rita Okafor", "reception@maple.example", "0113 496 0001", "12 Maple Street", "Leeds", "LS1 4AB"),
        DemoCustomer("business", "Harbour Flats", "Sam Idris", "sam@harbour.example", "0113 496 0002", "4 Wharf Approach", "Leeds", "LS1 4GH"),
        DemoCustomer("individual", "Julia Alvarez", "Julia Alvarez", "julia.alvarez@mail.example", "07700 900123", "31 Beech Grove", "Headingley", "LS6 2QA"),
        DemoCustomer("business", "Kestrel Cafe", "Tom Reed", "tom@kestrel.example", "0113 496 0004", "88 Otley Road", "Leeds", "LS6 4BA"),
        DemoCustomer("business", "Priory School", "Grace Hall", "bursar@priory.example", "0113 496 0005", "Priory Lane", "Horsforth", "LS18 5RB"),
        DemoCustomer("individual", "Arthur Nwosu", "Arthur Nwosu", "", "07700 900456", "7 Station Terrace", "Kirkstall", "LS5 3BN"),
    ),
    items=(
        DemoItem("SV-BOILER", "service", "Annual gas boiler service", "118.00"),
        DemoItem("SV-LABOUR", "service", "Labour", "64.00", "h"),
        DemoItem("SV-CALLOUT", "service", "Call-out", "45.00"),
        DemoItem("SV-SAFETY", "service", "Landlord gas safety check", "85.00"),
        DemoItem("SV-FLUSH", "service", "Power flush, up to 10 radiators", "390.00"),
        DemoItem("PT-VESSEL", "part", "Expansion vessel, 12 l", "46.50"),
        DemoItem("PT-VALVE", "part", "Thermostatic radiator valve", "24.90"),
        DemoItem("PT-PUMP", "part", "Circulation pump, 25-60", "138.00"),
        DemoItem("PT-FILTER", "part", "Magnetic filter, 22 mm", "92.40"),
        DemoItem("PT-RAD", "part", "Radiator, 600 × 1000 mm", "112.75"),
        DemoItem("PT-STAT", "part", "Room thermostat, wireless", "79.00"),
        DemoItem("PT-INHIB", "part", "Inhibitor, 1 l", "16.35"),
    ),
    today=(
        DemoJob(0, "Boiler annual service", 9, (("SV-BOILER", "1"), ("SV-LABOUR", "0.5")), "Key at reception. Boiler is on the roof terrace, ladder in the plant room."),
        DemoJob(1, "No hot water, flat 4", 11, (("SV-CALLOUT", "1"), ("SV-LABOUR", "1.5"), ("PT-PUMP", "1")), "Ring flat 4 first, the intercom is broken."),
        DemoJob(2, "Radiator swap, living room", 14, (("SV-LABOUR", "2"), ("PT-RAD", "1"), ("PT-VALVE", "1"))),
        DemoJob(3, "Gas safety check", 16, (("SV-SAFETY", "1"),)),
        DemoJob(5, "Radiator valves", 13, (("SV-LABOUR", "1"), ("PT-VALVE", "4")), role="limited_field_agent"),
    ),
    done=(
        (1, DemoJob(5, "Thermostat replaced", 10, (("SV-LABOUR", "1"), ("PT-STAT", "1"))), "unbilled"),
        (2, DemoJob(4, "Plant room, quarterly visit", 13, (("SV-LABOUR", "3"), ("PT-FILTER", "2"), ("PT-INHIB", "4"))), "unbilled"),
        (3, DemoJob(0, "Leaking valve", 15, (("SV-CALLOUT", "1"), ("PT-VALVE", "2"))), "paid"),
        (5, DemoJob(1, "Power flush, flats 1 to 3", 9, (("SV-FLUSH", "1"), ("PT-INHIB", "2"))), "sent"),
        (6, DemoJob(3, "Boiler annual service", 11, (("SV-BOILER", "1"),)), "paid"),
        (24, DemoJob(2, "Pump replaced", 10, (("SV-LABOUR", "2"), ("PT-PUMP", "1"))), "sent"),
        (29, DemoJob(4, "Landlord gas safety checks", 9, (("SV-SAFETY", "4"),)), "sent"),
    ),
)  # fmt: skip

LAKESIDE = DemoFirm(
    name="Lakeside Electric", country="US", currency="USD", time_zone="America/New_York", locale="en_US",
    email="office@lakeside.example", phone="(585) 555-0100", address="210 Canal Street, Rochester, NY 14608",
    tax_number="12-3456789", stripe_key="rk_test_lakeside", zoho_user="admin@lakeside.example",
    zoho_product="invoice", zoho_centre="us", extra_tax=("NY sales tax, Monroe County", Decimal("8")),
    people=(
        DemoPerson("Lou Carver", "admin@lakeside.example", "administrator"),
        DemoPerson("Pat Quinn", "manager@lakeside.example", "manager"),
        DemoPerson("Chris Boone", "chris@lakeside.example", "field_agent"),
    ),
    customers=(
        DemoCustomer("business", "Genesee Bakery", "Ana Ruiz", "ana@genesee.example", "(585) 555-0111", "14 Park Avenue", "Rochester", "14607"),
        DemoCustomer("individual", "Walter Kim", "Walter Kim", "walter.kim@mail.example", "(585) 555-0112", "9 Elm Court", "Rochester", "14610"),
    ),
    items=(
        DemoItem("LABOR", "service", "Electrician", "95.00", "h"),
        DemoItem("TRIP", "service", "Service call", "60.00"),
        DemoItem("GFCI", "part", "GFCI outlet", "28.40"),
        DemoItem("PANEL", "part", "Load center, 200 A", "412.00"),
    ),
    today=(
        DemoJob(0, "Oven circuit trips", 9, (("TRIP", "1"), ("LABOR", "1.5"))),
        DemoJob(1, "Two outlets in the garage", 13, (("LABOR", "1"), ("GFCI", "2"))),
    ),
    done=((4, DemoJob(0, "Panel replaced", 8, (("LABOR", "6"), ("PANEL", "1"))), "sent"),),
)  # fmt: skip

FIRMS = (NORTHGATE, LAKESIDE)

# For a firm that a visitor signs up: a Zoho user with empty books, and a Stripe key.
OWN_ZOHO_USER, OWN_ZOHO_CENTRE, OWN_STRIPE_KEY = "you@yourfirm.example", "uk", "rk_test_yourfirm"
