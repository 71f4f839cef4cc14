"""Taxes, tax groups, authorities and exemptions."""

from decimal import Decimal

from .. import errors, fields
from ..arithmetic import Tax
from ..ledger import Ledger
from ..listing import Listing, answer_list
from ..registry import Call, operation
from ..wire import Answer, Record, as_number

KEPT = ("tax_specific_type", "tax_authority_id", "tax_authority_name", "country_code", "country", "tax_factor",
        "is_value_added", "is_editable", "purchase_tax_expense_account_id")  # fmt: skip
LISTING = Listing(
    "taxes", "Taxes", sorts=("tax_name", "tax_percentage"), default_sort=("tax_name", "A"),
    filters={"Taxes.All": lambda row: True, "Taxes.Active": lambda row: row["status"] == "Active"},
    default_filter="Taxes.Active",
)  # fmt: skip


@operation("GET /settings/taxes", "settings.READ")
def list_taxes(call: Call) -> Answer:
    rows = [_row(tax) for tax in call.books.all("taxes")] if call.books.settings["sales_tax"] else []
    return answer_list(call, LISTING, rows, as_of_date=call.books.today().isoformat())


@operation("POST /settings/taxes", "settings.CREATE")
def create_tax(call: Call) -> Answer:
    _check_taxes_on(call.books)
    fields.require(call.body, "tax_name")
    if "tax_percentage" not in call.body:
        raise errors.missing_value("tax_percentage")
    tax = call.books.add("taxes", _written(call.books, {}, call.body))
    return Answer({"tax": _row(tax)}, "The tax has been added.", 201, f"/api/v3/settings/taxes/{tax['tax_id']}")


@operation("GET /settings/taxes/{tax_id}", "settings.READ")
def get_tax(call: Call, tax_id: str) -> Answer:
    return Answer({"tax": _row(_single(call.books, tax_id))})


@operation("PUT /settings/taxes/{tax_id}", "settings.UPDATE")
def update_tax(call: Call, tax_id: str) -> Answer:
    _single(call.books, tax_id)
    tax = _written(call.books, call.books.take("taxes", tax_id), call.body)
    call.books.keep("taxes", tax)
    return Answer({"tax": _row(tax)}, "Tax information has been saved.")


@operation("DELETE /settings/taxes/{tax_id}", "settings.DELETE")
def delete_tax(call: Call, tax_id: str) -> Answer:
    _single(call.books, tax_id)
    used = any(tax_id in row.get("members", []) for row in call.books.all("taxes"))
    if used or _on_a_document(call.books, tax_id):
        raise errors.in_use("tax")
    call.books.drop("taxes", tax_id)
    return Answer(message="The record has been deleted.")


@operation("POST /settings/taxgroups", "settings.CREATE")
def create_tax_group(call: Call) -> Answer:
    _check_taxes_on(call.books)
    fields.require(call.body, "tax_group_name", "taxes")
    group = call.books.add("taxes", _written_group(call.books, {}, call.body))
    location = f"/api/v3/settings/taxgroups/{group['tax_id']}"
    return Answer({"tax_group": _show_group(call.books, group)}, "Tax Group has been added.", 201, location)


@operation("GET /settings/taxgroups/{tax_group_id}", "settings.READ")
def get_tax_group(call: Call, tax_group_id: str) -> Answer:
    return Answer({"tax_group": _show_group(call.books, _group(call.books, tax_group_id))})


@operation("PUT /settings/taxgroups/{tax_group_id}", "settings.UPDATE")
def update_tax_group(call: Call, tax_group_id: str) -> Answer:
    _group(call.books, tax_group_id)
    group = _written_group(call.books, call.books.take("taxes", tax_group_id), call.body)
    call.books.keep("taxes", group)
    return Answer({"tax_group": _show_group(call.books, group)}, "Tax Group information has been saved.")


@operation("DELETE /settings/taxgroups/{tax_group_id}", "settings.DELETE")
def delete_tax_group(call: Call, tax_group_id: str) -> Answer:
    _group(call.books, tax_group_id)
    if _on_a_document(call.books, tax_group_id):
        raise errors.in_use("tax group")
    call.books.drop("taxes", tax_group_id)
    return Answer(message="The tax group has been deleted.")


def members(books: Ledger, tax_id: str) -> tuple[Tax, ...]:
    """The taxes behind an id: itself, or a group's members."""
    if not tax_id:
        return ()
    record = books.find("taxes", tax_id)
    rows = [books.find("taxes", one) for one in record["members"]] if record["tax_type"] == "tax_group" else [record]
    return tuple(
        Tax(row["tax_id"], row["tax_name"], Decimal(row["tax_percentage"]), row["tax_type"] == "compound_tax")
        for row in rows
    )


def _written(books: Ledger, tax: Record, body: Record) -> Record:
    fields.require(body)
    if "tax_name" in body:
        tax["tax_name"] = _free_name(books, fields.text(body, "tax_name"), tax.get("tax_id", ""))
    if "tax_percentage" in body:
        tax["tax_percentage"] = as_number(body["tax_percentage"], "tax_percentage")
    if body.get("tax_type", "tax") not in ("tax", "compound_tax"):
        raise errors.invalid_value("tax_type")
    tax |= fields.known(body, ("tax_type", *KEPT))
    usual = {"tax_type": "tax", "tax_specific_type": "", "tax_authority_id": "", "tax_authority_name": "",
             "is_value_added": True, "is_default_tax": False, "is_editable": True, "status": "Active",
             "country": "", "country_code": ""}  # fmt: skip
    return usual | tax


def _written_group(books: Ledger, group: Record, body: Record) -> Record:
    """`taxes` is a comma-separated string of ids."""
    if "tax_group_name" in body:
        group["tax_name"] = _free_name(books, fields.text(body, "tax_group_name"), group.get("tax_id", ""))
    if "taxes" in body:
        if not isinstance(body["taxes"], str):
            raise errors.invalid_value("taxes")
        group["members"] = [one.strip() for one in body["taxes"].split(",") if one.strip()]
    rows = [_single(books, tax_id) for tax_id in group["members"]]
    if len(rows) < 2:
        raise errors.invalid_value("taxes")
    group["tax_percentage"] = sum((Decimal(row["tax_percentage"]) for row in rows), Decimal(0))
    usual = {"tax_type": "tax_group", "tax_specific_type": "", "tax_authority_id": "", "tax_authority_name": "",
             "is_value_added": True, "is_default_tax": False, "is_editable": True, "status": "Active"}  # fmt: skip
    return usual | group


def _free_name(books: Ledger, name: str, own_id: str) -> str:
    for row in books.all("taxes"):
        if row["tax_name"].casefold() == name.casefold() and row["tax_id"] != own_id:
            raise errors.already_exists(f'Tax "{name}"')
    return name


def _row(tax: Record) -> Record:
    return {name: value for name, value in tax.items() if name != "members"}


def _single(books: Ledger, tax_id: str) -> Record:
    tax = books.find("taxes", tax_id)
    if tax["tax_type"] == "tax_group":
        raise errors.gone("Tax")
    return tax


def _group(books: Ledger, tax_group_id: str) -> Record:
    group = books.find("taxes", tax_group_id)
    if group["tax_type"] != "tax_group":
        raise errors.gone("Tax Group")
    return group


def _show_group(books: Ledger, group: Record) -> Record:
    return {"tax_group_id": group["tax_id"], "tax_group_name": group["tax_name"],
            "tax_group_percentage": group["tax_percentage"],
            "taxes": [_row(books.find("taxes", one)) for one in group["members"]]}  # fmt: skip


def _on_a_document(books: Ledger, tax_id: str) -> bool:
    documents = [*books.all("invoices"), *books.all("creditnotes")]
    return any(line["tax_id"] == tax_id for document in documents for line in document["line_items"])


def _check_taxes_on(books: Ledger) -> None:
    if not books.settings["sales_tax"]:
        raise errors.Refusal(400, 2, "Sales tax is not enabled for this organization.")
