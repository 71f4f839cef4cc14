"""Where the live service differs from its documents, or where integrators go beyond them; each with its reason.

Everything the contract tests let pass is in this file. `§` are the sections of the API notes this was written from.
"""

import re

VARIANTS = re.compile(
    r"_(startswith|contains|less_than|less_equals|greater_than|greater_equals|start|end|before|after)$"
)
ANY = r".*"

# operation, side (request, answer, status), place, what the validator says, reason
DIFFERENCES = [
    (r"(POST|PUT) /(invoices|creditnotes).*", "request", r"\$\.line_items\[\*\]", "'item_id' is a required",
     "a line with name and rate was accepted live (§6.3, §12)"),
    (r"PUT /.*", "request", ANY, "is a required property",
     "PUT merges top-level fields; the marks are copied from POST and aren't enforced (§12)"),
    (r"POST /customerpayments", "request", r"\$", "'(invoice_id|amount_applied)' is a required",
     "child fields hoisted by the documents' generator (§6.4)"),
    (r"POST /customerpayments", "request", r"\$", "'invoices' is a required",
     "an advance has no invoices (§6.4)"),
    (r"POST /customerpayments/.*/refunds", "request", r"\$", "'from_account_id' is a required",
     "Zoho Invoice has no accounts (§10, inferred)"),
    (r"POST /creditnotes/.*/invoices", "request", r"\$", "'(invoice_id|amount_applied)' is a required",
     "child fields hoisted by the documents' generator (§12)"),
    (r"POST /creditnotes", "request", r"\$", "'creditnote_number' is a required", "left out for auto numbers (§6.5)"),
    (r"POST /invoices/.*/credits", "request", r"\$", "'(invoice_payments|apply_creditnotes)' is a required",
     "one of the two is enough (inferred)"),
    (r"(POST|PUT) /invoices.*", "request", r"\$\.(discount|shipping_charge)", "is not of type",
     "discount may be text such as 10%; shipping_charge is a number on the wire (§6.3, §2)"),
    (r"(POST|PUT) /invoices.*", "request", r"\$\.line_items\[\*\]\.discount", "is not of type",
     "a line's discount may be text such as 10% (TAX §2.5)"),
    (r"(POST|PUT) /creditnotes.*", "request", r"\$\.line_items\[\*\]\.quantity", "is not of type 'integer'",
     "quantities have decimals (§2)"),
    (r"(POST|PUT) /creditnotes.*", "request", r"\$\.custom_fields\[\*\]", "is not of type 'string'",
     "objects in this document's own answers, and in every other module's requests (§6.3)"),
    (r"(POST|PUT) /items.*", "request", r"\$\.(tax_percentage|purchase_rate)", "is not of type 'string'",
     "numbers on the wire (§12)"),
    (ANY, "answer", r".*\.(total|balance|shipping_charge|tax_percentage|purchase_rate|tax_amount|bcy_amount|"
     r"exchange_rate)", "is not of type 'string'", "money and rates are JSON numbers on the wire (§2)"),
    (ANY, "answer", r".*\.(outstanding|unused)\w+", "is not of type 'integer'", "money has decimals (§2)"),
    (ANY, "answer", r".*\.quantity", "is not of type 'integer'", "quantities have decimals (§2)"),
    (r"GET /invoices", "answer", r"\$\.page_context", "is not of type 'array'", "an object on the wire (§2)"),
    (r"GET /invoices/.*/payments", "answer", r".*\.payment_number", "is not of type 'integer'",
     "text on the wire (§6.4: payment_number:\"4\")"),
    (r"GET /creditnotes", "answer", r"\$\.creditnotes", "is not of type 'object'", "a list (§6.5)"),
    (r"(POST|GET|PUT) /settings/taxes.*", "answer", r"\$\.tax", "is not of type 'array'",
     "one record, key `tax` (§2); not seen live as a list"),
    (r"(POST|PUT) /contacts/contactpersons.*", "answer", r"\$\.contact_person", "is not of type 'array'",
     "one record, key `contact_person` (§2); not seen live as a list"),
    (r"(POST|GET|PUT) /organizations.*", "answer", r".*\.fiscal_year_start_month", "is not of type",
     "a number in the list, a month's name in the detail (§5.3)"),
    (r"POST /settings/currencies/.*/exchangerates", "answer", r"\$\.exchange_rate", "is not of type",
     "the record itself, as GET answers it (inferred)"),
]  # fmt: skip

# operation, query parameters, reason
EXTRA_QUERY = [
    (r"GET /(invoices|contacts|items|customerpayments|creditnotes|settings/(taxes|currencies))",
     {"sort_order", "filter_by", "sort_column"}, "in every recorded page_context (§2)"),
    (r"GET /(contacts|customerpayments)", {"last_modified_time"}, "used by integrators, on Invoice at least (§8)"),
    (r"GET /customerpayments", {"last_modified_time", "payment_number"}, "a field of the record"),
    (r"GET /items", {"sku"}, "used by integrators to look before they create (§7)"),
    (r"POST /organizations", {"organization_id"}, "harmless: a client that always sends it"),
    (r"GET /organizations.*", {"organization_id"}, "harmless: a client that always sends it"),
    (r"PUT /(invoices|creditnotes)/.*", {"ignore_auto_number_generation"}, "on create and update (§6.3)"),
]  # fmt: skip

# operation, place, reason
EXTRA_FIELDS = [
    (ANY, r"\$\.custom_fields\[\*\]\.(label|api_name|index|customfield_id|value)", "four ways to name one (§6.3)"),
    (r"PUT /contacts/.*", r"\$\.contact_persons\[\*\]\.contact_person_id",
     "or the persons that aren't sent are removed (§6.1)"),
    (r"PUT /(invoices|creditnotes)/.*", r"\$\.line_items\[\*\]\.line_item_id", "keeps the line (§6.3)"),
    (r"(POST|PUT) /(invoices|creditnotes).*", r"\$\.line_items\[\*\]\.(tax_exemption_id|header_name|item_order)",
     "in answers and in the notes (§6.3)"),
    (r"(POST|PUT) /creditnotes.*", r"\$\.line_items\[\*\]\.(rate|unit|item_order|discount|line_item_id|hsn_or_sac)",
     "a line needs its price; rate was sent live (§6.5)"),
    (r"(POST|PUT) /creditnotes.*", r"\$\.(discount|discount_type|is_discount_before_tax|adjustment|"
     r"adjustment_description|shipping_charge|contact_persons|reason)", "as on invoices (§6.5, inferred)"),
    (r"(POST|PUT) /items.*", r"\$\.unit", "in every answer and in the notes (§6.2)"),
    (r"(POST|PUT) /invoices.*", r"\$\.shipping_charge_tax_id", "TAX §2.6"),
    (r"POST /contacts", r"\$\.(tax_exemption_id|is_portal_enabled)", "region fields (§6.1)"),
]  # fmt: skip


def is_known_difference(operation: str, side: str, place: str, message: str) -> bool:
    """Is this complaint one of the recorded differences?"""
    return any(
        re.fullmatch(where, operation) and side == which and re.fullmatch(at, place) and re.search(says, message)
        for where, which, at, says, _ in DIFFERENCES
    )
