"""What is there on the first start: two people with several organisations, each odd in its own way."""

from .books.new_organisation import admit_user, open_organisation, user_record
from .ledger import Ledger
from .registry import OPERATIONS, Call
from .store import Store
from .wire import Record

CLIENT = {"client_id": "1000.PORTALDEMO", "client_secret": "demo-secret", "redirect_uris": [], "multi_dc": True,
          "dc": "us", "name": "Portal demo"}  # fmt: skip
NORTHGATE, LAKESIDE = "admin@northgate.example", "admin@lakeside.example"
VAT = [("Standard Rate", 20), ("Reduced Rate", 5), ("Zero Rate", 0)]
UK: Record = {"country_code": "GB", "currency_code": "GBP", "time_zone": "Europe/London", "taxes": VAT}
US: Record = {"country_code": "US", "currency_code": "USD", "time_zone": "America/New_York",
              "taxes": [("NY State Tax", 4), ("Erie County Tax", "4.75")]}  # fmt: skip

ORGANISATIONS: list[tuple[str, str, Record]] = [
    (NORTHGATE, "eu", UK | {"organization_id": "20260815001", "name": "Northgate Heating", "portal_name": "northgate",
                            "products": ["books"], "plan": "professional"}),
    (NORTHGATE, "eu", UK | {"organization_id": "20260815002", "name": "Northgate Servicing",
                            "products": ["invoice"], "plan": "free"}),
    (NORTHGATE, "eu", UK | {"organization_id": "20260815003", "name": "Northgate Plumbing (old trial)",
                            "products": ["books"], "plan": "trial", "state": "trial_over"}),
    (NORTHGATE, "eu", UK | {"organization_id": "20260815004", "name": "Northgate Holdings",
                            "products": ["books"], "plan": "trial", "state": "unfinished"}),
    (NORTHGATE, "eu", UK | {"organization_id": "20260815005", "name": "Northgate Test Books",
                            "products": ["books"], "plan": "trial", "mode": "test"}),
    (NORTHGATE, "eu", UK | {"organization_id": "20260815006", "name": "Northgate Stores",
                            "products": ["inventory"], "plan": "free"}),
    (NORTHGATE, "us", US | {"organization_id": "20260815007", "name": "Northgate USA", "products": ["books"],
                            "plan": "standard"}),
    (LAKESIDE, "us", US | {"organization_id": "20260815008", "name": "Lakeside Electric", "portal_name": "lakeside",
                           "products": ["invoice"], "plan": "free"}),
]  # fmt: skip


def plant(store: Store) -> None:
    """Fill an empty store."""
    with store.transaction():
        store.put("", "clients", CLIENT["client_id"], dict(CLIENT))  # type: ignore[arg-type]
        for email, dc, wanted in ORGANISATIONS:
            _plant_one(store, email, dc, wanted)
        _plant_records(_open(store, "20260815002"))


def _plant_one(store: Store, email: str, dc: str, wanted: Record) -> None:
    user = user_record(email=email, dc=dc)
    if store.peek("", "users", user["user_id"]) is None:
        store.put("", "users", user["user_id"], user)
    books = open_organisation(store, dc=dc, wanted=wanted | {"email": email})
    admit_user(store, user["user_id"], books.id)


def _plant_records(books: Ledger) -> None:
    """A little past for the Invoice organisation, written through its own calls."""
    tax_id = books.all("taxes")[0]["tax_id"]
    for name, person in (("Harbour Hotel", "Maya"), ("Willow Court Residents", "Owen"), ("J. Okafor", "Jude")):
        email = f"{person.lower()}@customers.example"
        people = [{"first_name": person, "email": email}]
        _do(books, "POST /contacts", {"contact_name": name, "contact_persons": people})
    for name, rate, sku in (("Boiler service", 95, "SRV-01"), ("Thermostat", "64.50", "PRT-17")):
        _do(books, "POST /items", {"name": name, "rate": rate, "sku": sku, "tax_id": tax_id})
    items = [{"item_id": row["item_id"], "quantity": 1} for row in books.all("items")]
    customer_id = books.all("contacts")[0]["contact_id"]
    _do(books, "POST /invoices", {"customer_id": customer_id, "line_items": items})
    _do(books, "POST /invoices/{invoice_id}/status/sent", {}, invoice_id=books.all("invoices")[0]["invoice_id"])


def _do(books: Ledger, signature: str, body: Record, **arguments: str) -> None:
    operation = next(one for one in OPERATIONS if f"{one.method} {one.path}" == signature)
    operation.act(Call(books.store, "", books.product, body=body, ledger=books), **arguments)


def _open(store: Store, organization_id: str) -> Ledger:
    organization = store.peek("", "organizations", organization_id)
    assert organization is not None
    return Ledger(store, organization, "invoice")
