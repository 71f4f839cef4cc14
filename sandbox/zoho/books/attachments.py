"""Files on invoices. Only the newest one is told of in an invoice's answer, as the documents have it."""

import hashlib

from .. import errors
from ..registry import Call, operation
from ..wire import Answer

ENDINGS = (".gif", ".png", ".jpeg", ".jpg", ".bmp", ".pdf")


@operation("POST /invoices/{invoice_id}/attachment", "invoices.CREATE")
def attach(call: Call, invoice_id: str) -> Answer:
    invoice = call.books.take("invoices", invoice_id)
    name, content = call.files.get("attachment", ("", b""))
    if not content:
        raise errors.missing_value("attachment")
    if not name.lower().endswith(ENDINGS):
        raise errors.invalid_value("attachment")
    kept = {"file_name": name, "file_size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    invoice |= {"attachment_name": name, "documents": [*invoice.get("documents", []), kept]}
    call.books.keep("invoices", invoice)
    return Answer(message="Your file has been successfully attached to the invoice.")
