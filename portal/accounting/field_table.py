"""Our fields and Zoho's, side by side, for every kind of record. Pure: tables, and the shapes of their rows."""

from dataclasses import dataclass

TEXT, NUMBER, EMAIL, PHONE, ADDRESS = "text", "number", "email", "phone", "url"
CUSTOM = "cf:"


@dataclass(frozen=True)
class Ours:
    """One of our fields, a row of the mapping.

    usual       where it goes by default, "" for nowhere
    locked      why it goes there and nowhere else; "" for a row that can be changed
    parts       the values compared with Zoho's that this row decides about; none where nothing of it comes back
    products    where Zoho has a field for it at all
    """

    key: str
    label: str
    kind: str = TEXT
    usual: str = ""
    locked: str = ""
    parts: tuple[str, ...] = ()
    products: tuple[str, ...] = ("books", "invoice")


@dataclass(frozen=True)
class Theirs:
    """One of Zoho's fields that may be chosen, custom ones included.

    countries  whose editions have it; empty for all
    is_seen    false for a custom field that was named by people, and that no record shows yet
    """

    key: str
    label: str
    kind: str = TEXT
    longest: int = 0
    products: tuple[str, ...] = ("books", "invoice")
    countries: tuple[str, ...] = ()
    is_seen: bool = True


_NEEDED = "Zoho asks for it"
_KEEPS_ORDER = "It keeps a record from being made twice"
_RECKONED = "Both sides reckon with it"
_ITS_OWN = "Zoho has no other field for it"
_BOOKS = ("books",)
_PERSON = ("first_name", "last_name", "email", "phone")
_PLACE = ("street", "city", "state", "postal_code", "country")
_GULF = ("AE", "SA", "BH", "OM", "KW", "QA")

# module → how both sides call what is mapped
SIDES = {
    "customer": ("Companies and contacts", "Customers"), "item": ("Services and parts", "Items"),
    "invoice": ("Work orders and invoices", "Invoices"), "payment": ("Payments", "Customer payments"),
    "credit_note": ("Credit notes", "Credit notes"), "tax": ("Taxes and tax groups", "Taxes"),
}  # fmt: skip
# What is there of these stays as it is: a change of the mapping is for those that come after it.
STAYING = ("payment", "credit_note")
OURS: dict[str, tuple[Ours, ...]] = {
    "customer": (
        Ours("name", "Name", usual="contact_name", locked=_NEEDED, parts=("name",)),
        Ours("kind", "Company or private", usual="customer_sub_type", locked=_NEEDED, parts=("kind",)),
        Ours("number", "Customer number", usual="contact_number", locked=_KEEPS_ORDER),
        Ours("email", "Contacts: name, e-mail, phone", usual="contact_persons",
             locked="Zoho keeps them with the persons", parts=_PERSON),
        Ours("billing", "Billing address", usual="billing_address", locked="Zoho keeps it as one", parts=_PLACE),
        Ours("site", "Address of the work", usual="shipping_address", locked="Zoho keeps it as one"),
        Ours("payment_terms_days", "Days to pay", NUMBER, usual="payment_terms", parts=("payment_terms_days",)),
        Ours("tax_number", "Tax number", parts=("tax_number",)),
        Ours("notes", "Notes", parts=("notes",)),
        Ours("is_active", "In use", usual="status", locked="Never deleted there, only inactive", parts=("is_active",)),
    ),
    "item": (
        Ours("name", "Name", usual="name", locked=_NEEDED, parts=("name",)),
        Ours("kind", "Service or part", usual="product_type", locked=_NEEDED, parts=("kind",)),
        Ours("unit_price", "Price", NUMBER, usual="rate", locked=_NEEDED, parts=("unit_price",)),
        Ours("code", "Code", usual="sku", locked=_KEEPS_ORDER, parts=("code",)),
        Ours("tax", "Tax", usual="tax_id", locked=_RECKONED, parts=("tax",)),
        Ours("description", "Description", usual="description", parts=("description",)),
        Ours("unit", "Unit", usual="unit", parts=("unit",)),
        Ours("is_active", "On sale", usual="status", locked="Never deleted there, only inactive", parts=("is_active",)),
    ),
    "invoice": (
        Ours("reference", "Work orders: numbers", usual="reference_number", locked=_KEEPS_ORDER),
        Ours("title", "Work orders: what was done"),
        Ours("work_done", "Work orders: where, when and by whom"),
        Ours("number", "Invoice number", usual="invoice_number", locked=_KEEPS_ORDER),
        Ours("customer", "Customer", usual="customer_id", locked=_NEEDED),
        Ours("issued_on", "Date", usual="date", locked=_NEEDED),
        Ours("due_on", "Due date", usual="due_date", locked=_NEEDED),
        Ours("lines", "Lines and taxes", usual="line_items", locked=_NEEDED),
        Ours("beside", "Discount, shipping, adjustment", usual="discount", locked=_RECKONED),
        Ours("status", "Sent, void, written off", usual="status", locked="What becomes of it counts on both sides"),
        Ours("paper", "PDF", usual="attachment", locked="Where you switch it on under Books"),
    ),
    "payment": (
        Ours("customer", "Customer", usual="customer_id", locked=_NEEDED),
        Ours("amount", "Amount", NUMBER, usual="amount", locked=_NEEDED),
        Ours("received_on", "Received on", usual="date", locked=_NEEDED),
        Ours("method", "Way of paying", usual="payment_mode", locked=_NEEDED),
        Ours("provider_payment_id", "Stripe's or our own reference", usual="reference_number", locked=_KEEPS_ORDER),
        Ours("applied", "Invoices it pays", usual="invoices", locked=_RECKONED),
        Ours("words", "Number and payer's reference", usual="description"),
        Ours("number", "Payment number alone"),
        Ours("reference", "Payer's reference alone"),
        Ours("account", "Account it is paid into", usual="account_id", locked="Zoho's own: Undeposited Funds",
             products=_BOOKS),
    ),
    "credit_note": (
        Ours("number", "Credit note number", usual="creditnote_number", locked=_KEEPS_ORDER),
        Ours("invoice", "Invoice it takes back", usual="reference_number", locked=_KEEPS_ORDER),
        Ours("customer", "Customer", usual="customer_id", locked=_NEEDED),
        Ours("issued_on", "Date", usual="date", locked=_NEEDED),
        Ours("lines", "Lines and taxes", usual="line_items", locked=_NEEDED),
        Ours("applied", "Invoices it is put to", usual="invoices", locked=_RECKONED),
        Ours("reason", "Reason", usual="notes"),
    ),
    "tax": (
        Ours("name", "Name", usual="tax_name", locked=_ITS_OWN, parts=("name",)),
        Ours("rate", "Rate", NUMBER, usual="tax_percentage", locked=_ITS_OWN, parts=("rate",)),
        Ours("kind", "Kind", usual="tax_type", locked=_NEEDED),
        Ours("authority", "Authority", usual="tax_authority_name", locked="Where the edition has authorities"),
        Ours("members", "Taxes of a group", usual="taxes", locked=_NEEDED),
    ),
}  # fmt: skip
THEIRS: dict[str, tuple[Theirs, ...]] = {
    "customer": (
        Theirs("payment_terms", "Payment terms", NUMBER), Theirs("notes", "Remarks", longest=2000),
        Theirs("website", "Website", longest=255), Theirs("legal_name", "Legal name", longest=200, products=_BOOKS),
        Theirs("vat_reg_no", "VAT number (United Kingdom)", longest=100, countries=("GB",)),
        Theirs("gst_no", "GSTIN (India)", longest=15, countries=("IN",)),
        Theirs("tax_reg_no", "Tax number (Gulf, Kenya, Mexico, South Africa)", longest=100,
               countries=(*_GULF, "KE", "MX", "ZA")),
    ),
    "item": (
        Theirs("description", "Description", longest=2000), Theirs("unit", "Unit", longest=100),
        Theirs("purchase_description", "Purchase description", longest=2000, products=_BOOKS),
    ),
    "invoice": (
        Theirs("notes", "Customer notes", longest=5000), Theirs("terms", "Terms & conditions", longest=10000),
        Theirs("salesperson_name", "Salesperson", longest=200),
    ),
    "payment": (Theirs("description", "Description", longest=2000),),
    "credit_note": (
        Theirs("notes", "Customer notes", longest=5000), Theirs("terms", "Terms & conditions", longest=10000),
    ),
    "tax": (),
}  # fmt: skip
MAPPED = tuple(OURS)
# What comes over with a record that was made or changed there, of modules that are not merged field by field.
COMING_OVER = {
    "invoice": ("status",),
    "payment": ("customer", "amount", "received_on", "method", "provider_payment_id", "applied"),
    "credit_note": ("number", "invoice", "customer", "issued_on", "lines", "applied", "reason"),
}  # fmt: skip
# What Zoho calls the fields that have no other name on a page.
_CALLED = {"sku": "SKU", "contact_persons": "Contact persons", "customer_sub_type": "Customer type",
           "product_type": "Goods or service", "line_items": "Lines", "customer_id": "Customer", "tax_id": "Tax",
           "account_id": "Account", "taxes": "Taxes of the group"}  # fmt: skip


def called(module: str, theirs: str) -> str:
    """A field of Zoho's, as people call it."""
    known = next((each.label for each in THEIRS[module] if each.key == theirs), "")
    if known or theirs.startswith(CUSTOM):
        return known or f"{theirs.removeprefix(CUSTOM)} (custom)"
    return _CALLED.get(theirs) or theirs.replace("_", " ").capitalize()
