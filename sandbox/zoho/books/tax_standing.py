"""Tax authorities and exemptions."""

from .. import errors, fields
from ..registry import Call, operation
from ..wire import Answer, Record

AUTHORITY = ("tax_authority_name", "description", "registration_number", "registration_number_label")
EXEMPTION = ("tax_exemption_code", "description", "type")


@operation("GET /settings/taxauthorities", "settings.READ")
def list_authorities(call: Call) -> Answer:
    return Answer({"tax_authorities": [_plain(row) for row in call.books.all("taxauthorities")]})


@operation("POST /settings/taxauthorities", "settings.CREATE")
def create_authority(call: Call) -> Answer:
    fields.require(call.body, "tax_authority_name")
    added = call.books.add("taxauthorities", {name: fields.text(call.body, name, 250) for name in AUTHORITY})
    return Answer({"tax_authority": _plain(added)}, "Tax Authority has been added.", 201)


@operation("GET /settings/taxauthorities/{tax_authority_id}", "settings.READ")
def get_authority(call: Call, tax_authority_id: str) -> Answer:
    return Answer({"tax_authority": _plain(call.books.find("taxauthorities", tax_authority_id))})


@operation("GET /settings/taxexemptions", "settings.READ")
def list_exemptions(call: Call) -> Answer:
    return Answer({"tax_exemptions": [_plain(row) for row in call.books.all("taxexemptions")]})


@operation("POST /settings/taxexemptions", "settings.CREATE")
def create_exemption(call: Call) -> Answer:
    fields.require(call.body, "tax_exemption_code", "type")
    if call.body["type"] not in ("customer", "item"):
        raise errors.invalid_value("type")
    added = call.books.add("taxexemptions", {name: fields.text(call.body, name, 250) for name in EXEMPTION})
    return Answer({"tax_exemption": _plain(added)}, "Tax Exemption has been added.")


@operation("GET /settings/taxexemptions/{tax_exemption_id}", "settings.READ")
def get_exemption(call: Call, tax_exemption_id: str) -> Answer:
    return Answer({"tax_exemption": _plain(call.books.find("taxexemptions", tax_exemption_id))})


def _plain(record: Record) -> Record:
    return {name: value for name, value in record.items() if name not in ("created_time", "last_modified_time")}
