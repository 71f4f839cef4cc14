"""Items: services and parts."""

from typing import Any

from .. import errors, fields
from ..ledger import Ledger
from ..listing import Listing, answer_list
from ..registry import Call, operation
from ..wire import Answer, Record, as_number
from . import upsert

KEPT = ("description", "unit", "product_type", "item_type", "is_taxable", "tax_exemption_id", "hsn_or_sac",
        "item_tax_preferences", "sat_item_key_code", "unitkey_code", "purchase_description")  # fmt: skip
ACCOUNTS = ("account_id", "account_name", "purchase_account_id", "purchase_account_name")
PRODUCT_TYPES = ("goods", "service", "digital_service")
ITEM_TYPES = ("sales", "purchases", "sales_and_purchases", "inventory")
LISTING = Listing(
    "items", "Items", sorts=("name", "rate", "tax_name"), default_sort=("name", "A"),
    texts=("name", "description", "sku"), amounts=("rate",), exact=("tax_id", "tax_name", "account_id"),
    searched=("name", "description", "sku"),
    filters={"Status.Active": lambda row: row["status"] == "active",
             "Status.Inactive": lambda row: row["status"] == "inactive"},
)  # fmt: skip


@operation("POST /items", "settings.CREATE")
def create_item(call: Call) -> Answer:
    fields.require(call.body, "name")
    if "rate" not in call.body:
        raise errors.missing_value("rate")
    item = call.books.add("items", _written(call.books, {"status": "active", "source": "api"}, call.body))
    location = f"/api/v3/items/{item['item_id']}"
    return Answer({"item": show(call.books, item)}, "The item has been added.", 201, location)


@operation("GET /items", "settings.READ")
def list_items(call: Call) -> Answer:
    return answer_list(call, LISTING, [show(call.books, row) for row in call.books.all("items")])


@operation("PUT /items", "settings.UPDATE", books_only=True)
def upsert_item(call: Call) -> Answer:
    return upsert.by_custom_field(call, "items", create_item, update_item)


@operation("GET /itemdetails", "settings.READ")
def list_item_details(call: Call) -> Answer:
    found = [call.books.find("items", item_id) for item_id in call.ids("item_ids")]
    return Answer({"items": [show(call.books, item) for item in found]})


@operation("GET /items/{item_id}", "settings.READ")
def get_item(call: Call, item_id: str) -> Answer:
    return Answer({"item": show(call.books, call.books.find("items", item_id))})


@operation("PUT /items/{item_id}", "settings.UPDATE")
def update_item(call: Call, item_id: str) -> Answer:
    item = _written(call.books, call.books.take("items", item_id), call.body)
    call.books.keep("items", item)
    return Answer({"item": show(call.books, item)}, "Item details have been saved.")


@operation("PUT /item/{item_id}/customfields", "settings.UPDATE")
def update_custom_fields(call: Call, item_id: str) -> Answer:
    item = call.books.take("items", item_id)
    item["custom_fields"] = fields.custom_fields(call.books, "items", call.body, item_id)
    call.books.keep("items", item)
    return Answer(message="Custom Fields Updated Successfully")


@operation("DELETE /items/{item_id}", "settings.DELETE")
def delete_item(call: Call, item_id: str) -> Answer:
    call.books.find("items", item_id)
    documents = [*call.books.all("invoices"), *call.books.all("creditnotes")]
    if any(line["item_id"] == item_id for document in documents for line in document["line_items"]):
        raise errors.in_use("item")
    call.books.drop("items", item_id)
    return Answer(message="The item has been deleted.")


@operation("POST /items/{item_id}/active", "settings.CREATE")
def mark_active(call: Call, item_id: str) -> Answer:
    return _mark(call, item_id, "active")


@operation("POST /items/{item_id}/inactive", "settings.CREATE")
def mark_inactive(call: Call, item_id: str) -> Answer:
    return _mark(call, item_id, "inactive")


def show(books: Ledger, item: Record) -> Record:
    tax = books.store.peek(books.id, "taxes", item["tax_id"]) or {}
    shown = {**item, "item_name": item["name"], "tax_name": tax.get("tax_name", ""),
             "tax_percentage": tax.get("tax_percentage", 0), "tax_type": tax.get("tax_type", ""),
             "custom_field_hash": fields.custom_field_hash(item["custom_fields"])}  # fmt: skip
    return {name: value for name, value in shown.items() if books.product == "books" or name not in ACCOUNTS}


def _written(books: Ledger, item: Record, body: Any) -> Record:
    fields.require(body)
    own_id = item.get("item_id", "")
    if "name" in body:
        item["name"] = _unique(books, body, "name", "Item", own_id)
    if body.get("sku"):
        item["sku"] = _unique(books, body, "sku", "SKU", own_id)
    elif "sku" in body:
        item["sku"] = ""
    if "rate" in body:
        item["rate"] = as_number(body["rate"], "rate")
    if body.get("tax_id"):
        books.find("taxes", body["tax_id"])
    _check_choices(body)
    item |= fields.known(body, (*KEPT, "tax_id", "account_id", "purchase_account_id"))
    if "purchase_rate" in body:
        item["purchase_rate"] = as_number(body["purchase_rate"], "purchase_rate")
    if "custom_fields" in body or "custom_fields" not in item:
        item["custom_fields"] = fields.custom_fields(books, "items", body.get("custom_fields"), own_id)
    return _with_defaults(item)


def _with_defaults(item: Record) -> Record:
    usual = {"description": "", "unit": "", "unit_id": "", "sku": "", "tax_id": "", "product_type": "goods",
             "item_type": "sales", "is_taxable": True, "tax_exemption_id": "", "account_id": "",
             "account_name": "Sales", "purchase_rate": "", "purchase_description": "",
             "purchase_account_id": "", "purchase_account_name": "", "hsn_or_sac": ""}  # fmt: skip
    return usual | item


def _check_choices(body: Record) -> None:
    fields.text(body, "description", 2000)
    if body.get("product_type", "goods") not in PRODUCT_TYPES:
        raise errors.invalid_value("product_type")
    if body.get("item_type", "sales") not in ITEM_TYPES:
        raise errors.invalid_value("item_type")


def _unique(books: Ledger, body: Record, name: str, label: str, own_id: str) -> str:
    value = fields.text(body, name).strip()
    if not value:
        raise errors.missing_value(name)
    for row in books.all("items"):
        if row[name].casefold() == value.casefold() and row["item_id"] != own_id:
            raise errors.already_exists(f'{label} "{value}"')
    return value


def _mark(call: Call, item_id: str, status: str) -> Answer:
    call.books.keep("items", call.books.take("items", item_id) | {"status": status})
    return Answer(message=f"The item has been marked as {status}.")
