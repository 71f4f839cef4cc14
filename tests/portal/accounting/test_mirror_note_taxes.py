"""What is taken back of an invoice takes back the same tax in the books, not only the same total."""

from decimal import Decimal
from typing import Any

from portal.accounting.agreement.deciding import accept
from portal.accounting.mirror.drain import drain
from portal.accounting.models import MirrorRecord
from portal.invoices.credit_notes.models import CreditNote
from portal.shared.running import job_session
from tests.portal.accounting.doings import credit, retry_all
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho
from tests.portal.accounting.test_mirror_credit_notes import only, priced

__all__ = ["linked", "zoho"]
EITHER = "Correct the credit note there, then try again; or accept the difference."


def test_another_tax_within_the_same_total_is_for_people_and_not_put_to_the_invoice(
    linked: LinkedFirm,
) -> None:
    """Tax inside the prices: at another rate, it comes to the same total with another tax."""
    invoice = priced(linked, {}, inclusive=True)
    drain(linked.organisation_id)
    tax_there(linked, 10)
    note = credit(linked, invoice)
    drain(linked.organisation_id)
    there = only(linked, "creditnotes")
    assert Decimal(str(there["total"])) == note.total.decimal
    theirs, ours = Decimal(str(there["tax_total"])).quantize(note.total.decimal), note.tax.decimal
    assert theirs != ours
    said = f"{name_of(note)} is {theirs} in Zoho; here it is {ours}. {EITHER}"
    assert (state_of(linked).state, state_of(linked).last_error) == ("failed", said)
    assert only(linked, "invoices")["balance"] == there["balance"] == there["total"]
    retry_all(linked)
    assert state_of(linked).last_error == said  # nobody has corrected it
    correct(linked, there, tax_id="")
    assert state_of(linked).last_error.startswith(f"Zoho takes back no {name_of(note)}; here it is {ours}.")
    tax_there(linked, 20)
    correct(linked, there)
    assert state_of(linked).state == "in_step" and only(linked, "invoices")["balance"] == 0


def test_of_an_invoice_whose_other_tax_was_accepted_the_same_is_taken_back(linked: LinkedFirm) -> None:
    drain(linked.organisation_id)
    tax_there(linked, 10)
    invoice = priced(linked, {}, inclusive=True)
    drain(linked.organisation_id)
    with job_session(linked.organisation_id) as session:
        accept(session, invoice.id, "Agreed with the bookkeeper", decided_by=linked.firm.people["administrator"])
    credit(linked, invoice)
    drain(linked.organisation_id)
    assert {record.state for record in linked.mirror()} == {"in_step"}
    assert only(linked, "invoices")["balance"] == 0


def tax_there(linked: LinkedFirm, percent: int) -> None:
    tax = linked.mirror("tax")[0]  # the one that its items bear
    linked.zoho.act(linked.remote, f"PUT /settings/taxes/{tax.remote_id}", {"tax_percentage": percent})


def correct(linked: LinkedFirm, note: dict[str, Any], **otherwise: str) -> None:
    """The bookkeeper writes the note's lines anew, as they are or otherwise, and it is tried again."""
    lines = [line | otherwise for line in note["line_items"]]
    linked.zoho.act(linked.remote, f"PUT /creditnotes/{note['creditnote_id']}", {"line_items": lines})
    retry_all(linked)


def name_of(note: CreditNote) -> str:
    (row,) = note.breakdown["taxes"]
    return str(row["name"])


def state_of(linked: LinkedFirm) -> MirrorRecord:
    (record,) = linked.mirror("credit_note")
    return record
