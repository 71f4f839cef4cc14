"""Customer payments: one payment on several invoices, the rest stays the customer's credit."""

from decimal import Decimal

from .. import errors, fields
from ..ledger import Ledger
from ..listing import Listing, answer_list, having
from ..registry import Call, operation
from ..wire import Answer, Record, as_number
from . import applications, upsert

MODES = {"check": "Check", "cash": "Cash", "creditcard": "Credit Card", "banktransfer": "Bank Transfer",
         "bankremittance": "Bank Remittance", "autotransaction": "Auto Transaction", "others": "Others"}  # fmt: skip
LISTED = ("payment_id", "payment_number", "customer_id", "customer_name", "date", "payment_mode", "amount",
          "unused_amount", "amount_refunded", "reference_number", "description", "currency_code",
          "currency_symbol", "exchange_rate", "bank_charges", "created_time", "last_modified_time",
          "custom_fields", "custom_field_hash", "payment_status", "email", "account_id", "account_name",
          "bcy_amount")  # fmt: skip
LISTING = Listing(
    "customerpayments", "Customer Payments",
    sorts=("date", "created_time", "amount", "customer_name", "payment_mode", "reference_number",
           "last_modified_time"),
    default_sort=("date", "D"),
    texts=("customer_name", "reference_number", "payment_mode", "notes"), amounts=("amount",), dates=("date",),
    exact=("customer_id", "payment_number"), searched=("payment_number", "reference_number", "customer_name"),
    filters={f"PaymentMode.{name.replace(' ', '')}": having("payment_mode", mode) for mode, name in MODES.items()},
    default_filter="PaymentMode.All", by_modification=True,
)  # fmt: skip


@operation("POST /customerpayments", "customerpayments.CREATE")
def create_payment(call: Call) -> Answer:
    fields.require(call.body, "customer_id", "payment_mode", "amount", "date")
    payment = _written(call.books, {"amount_refunded": Decimal(0), "payment_status": "paid"}, call.body)
    payment |= {"payment_number": str(call.books.next_number("customerpayments")),
                "unused_amount": payment["amount"]}  # fmt: skip
    payment = call.books.add("customerpayments", payment)
    applications.apply(call.books, applications.PAYMENT, payment, payment["payment_id"],
                       call.body.get("invoices") or [])  # fmt: skip
    return Answer({"payment": show(call.books, payment["payment_id"])},
                  "The payment from the customer has been recorded", 201,
                  f"/api/v3/customerpayments/{payment['payment_id']}")  # fmt: skip


@operation("GET /customerpayments", "customerpayments.READ")
def list_payments(call: Call) -> Answer:
    by_source: dict[str, list[Record]] = {}
    for one in call.books.all("applications"):
        if one["kind"] == applications.PAYMENT:
            by_source.setdefault(one["source_id"], []).append(one)
    rows = [_row(call.books, payment, by_source.get(payment["payment_id"], []))
            for payment in call.books.all("customerpayments")]  # fmt: skip
    return answer_list(call, LISTING, rows)


@operation("PUT /customerpayments", "customerpayments.UPDATE", books_only=True)
def upsert_payment(call: Call) -> Answer:
    return upsert.by_custom_field(call, "customerpayments", create_payment, update_payment)


@operation("DELETE /customerpayments", "customerpayments.DELETE")
def delete_payments(call: Call) -> Answer:
    if not call.says("bulk_delete"):
        raise errors.missing_value("bulk_delete")
    for payment_id in call.ids("payment_ids"):
        delete_payment(call, payment_id)
    return Answer(message="The selected customer payments have been deleted.")


@operation("GET /customerpayments/{payment_id}", "customerpayments.READ")
def get_payment(call: Call, payment_id: str) -> Answer:
    return Answer({"payment": show(call.books, payment_id)})


@operation("PUT /customerpayments/{payment_id}", "customerpayments.UPDATE")
def update_payment(call: Call, payment_id: str) -> Answer:
    payment = _written(call.books, call.books.take("customerpayments", payment_id), call.body)
    call.books.keep("customerpayments", payment)
    if "invoices" in call.body:
        _replace_applications(call.books, payment, call.body["invoices"])
    applications.settle_source(call.books, applications.PAYMENT, payment_id)
    if call.books.find("customerpayments", payment_id)["unused_amount"] < 0:
        raise errors.over_applied()
    return Answer({"payment": show(call.books, payment_id)}, "The payment details have been updated.")


@operation("PUT /customerpayment/{payment_id}/customfields", "customerpayments.UPDATE")
def update_custom_fields(call: Call, payment_id: str) -> Answer:
    payment = call.books.take("customerpayments", payment_id)
    payment["custom_fields"] = fields.custom_fields(call.books, "customerpayments", call.body, payment_id)
    call.books.keep("customerpayments", payment)
    return Answer(message="Custom Fields Updated Successfully")


@operation("DELETE /customerpayments/{payment_id}", "customerpayments.DELETE")
def delete_payment(call: Call, payment_id: str) -> Answer:
    """The invoices it paid are open again."""
    if call.books.find("customerpayments", payment_id)["amount_refunded"]:
        raise errors.wrong_state("The payment has refunds. Delete them first.")
    for application in applications.of_source(call.books, applications.PAYMENT, payment_id):
        applications.take_off(call.books, application)
    call.books.drop("customerpayments", payment_id)
    return Answer(message="The payment has been deleted.")


def show(books: Ledger, payment_id: str) -> Record:
    """A payment as GET answers it: `updated_time` here, `last_modified_time` in the list."""
    payment = books.find("customerpayments", payment_id)
    applied = applications.of_source(books, applications.PAYMENT, payment_id)
    shown = {**_facts(books, payment), "updated_time": payment["last_modified_time"],
             "invoices": [_applied(books, one) for one in applied], "rounding_mode": "round_half_up",
             "payment_refunds": [row for row in books.all("paymentrefunds") if row["payment_id"] == payment_id],
             "is_single_invoice_payment": len(applied) == 1}  # fmt: skip
    del shown["last_modified_time"]
    return shown


def _facts(books: Ledger, payment: Record) -> Record:
    contact = books.find("contacts", payment["customer_id"])
    currency = books.currency(payment["currency_id"])
    facts = {**payment, "customer_name": contact["contact_name"], "currency_code": currency["currency_code"],
             "currency_symbol": currency["currency_symbol"], "price_precision": currency["price_precision"],
             "custom_field_hash": fields.custom_field_hash(payment["custom_fields"])}  # fmt: skip
    if books.product == "books":
        return facts
    facts = {name: value for name, value in facts.items() if not name.startswith("account_")}
    return facts | {"bcy_amount": payment["amount"] * payment["exchange_rate"], "is_paid_via_check": False,
                    "check_details": {}}  # fmt: skip


def _row(books: Ledger, payment: Record, applied: list[Record]) -> Record:
    facts = _facts(books, payment)
    row = {name: facts[name] for name in LISTED if name in facts}
    invoices = [_applied(books, one) for one in applied]
    return row | {
        "payment_mode_formatted": MODES.get(payment["payment_mode"], payment["payment_mode"]),
        "invoice_numbers": ", ".join(one["invoice_number"] for one in invoices), "applied_invoices": invoices,
        "bcy_amount": payment["amount"] * payment["exchange_rate"], "gateway_transaction_id": "",
        "payment_gateway": "", "notes": payment["description"],
    }  # fmt: skip


def _applied(books: Ledger, application: Record) -> Record:
    invoice = books.find("invoices", application["invoice_id"])
    names = ("invoice_id", "invoice_number", "total", "balance", "date", "due_date")
    return {"invoice_payment_id": application["application_id"], **{name: invoice[name] for name in names},
            "invoice_amount": invoice["total"], "balance_amount": invoice["balance"],
            "amount_applied": application["amount"], "apply_date": application["date"],
            "tax_amount_withheld": application["tax_amount_withheld"]}  # fmt: skip


def _written(books: Ledger, payment: Record, body: Record) -> Record:
    fields.require(body)
    if "customer_id" in body:
        payment["customer_id"] = books.find("contacts", body["customer_id"])["contact_id"]
    if "payment_mode" in body:
        payment["payment_mode"] = _mode(body)
    for name in ("amount", "bank_charges", "exchange_rate"):
        if name in body:
            payment[name] = as_number(body[name], name)
    if payment["amount"] <= 0:
        raise errors.invalid_value("amount")
    before = payment.get("date", "")
    payment["date"] = fields.day(body, "date", before)
    books.check_open(before, payment["date"])
    for name, limit in (("reference_number", 100), ("description", 5000)):
        payment[name] = fields.text(body, name, limit) if name in body else payment.get(name, "")
    if "custom_fields" in body:
        payment["custom_fields"] = fields.custom_fields(
            books, "customerpayments", body["custom_fields"], payment.get("payment_id", ""))  # fmt: skip
    return _with_defaults(books, payment, body)


def _with_defaults(books: Ledger, payment: Record, body: Record) -> Record:
    contact = books.find("contacts", payment["customer_id"])
    usual = {"bank_charges": 0, "exchange_rate": Decimal(1), "custom_fields": [], "location_id": "",
             "currency_id": contact["currency_id"], "email": "",
             "account_id": books.organization["record_prefix"] + "000000000361",
             "account_name": "Undeposited Funds", "account_type": "cash",
             "customer_advance_account_id": books.organization["record_prefix"] + "000000000364"}  # fmt: skip
    given = fields.known(body, ("account_id",)) if books.product == "books" else {}
    return usual | payment | given


def _mode(body: Record) -> str:
    mode = str(body["payment_mode"]).lower()
    if mode not in MODES:
        raise errors.invalid_value("payment_mode")
    return mode


def _replace_applications(books: Ledger, payment: Record, wanted: object) -> None:
    payment_id = payment["payment_id"]
    for application in applications.of_source(books, applications.PAYMENT, payment_id):
        applications.take_off(books, application)
    applications.settle_source(books, applications.PAYMENT, payment_id)  # the same body may have changed the amount
    applications.apply(books, applications.PAYMENT, payment, payment_id, wanted)
