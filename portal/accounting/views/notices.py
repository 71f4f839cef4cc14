"""What stands above an invoice while somebody is to decide about it, its payments or its credit notes in Zoho."""

from collections.abc import Iterator

from flask import g, url_for
from sqlalchemy.orm import Session

from portal.accounting.pull import asking
from portal.invoices.cautions import NOTICES, Caution
from portal.invoices.models import DRAFT, Invoice


def _of_questions(session: Session, invoice: Invoice) -> Iterator[Caution]:
    if invoice.status == DRAFT or not (g.viewer.may("see_board") or g.viewer.may("manage_link")):
        return
    asked = asking.asked_about(session, invoice.id)
    if not asked:
        return
    words = [f"{each.facts.get('label', '')}: {asking.title_of(each)}." for each in asked]
    yield Caution(
        "Zoho and the portal differ about it", " ".join(words), url=url_for("accounting.questions"),
        label="Decide which side counts", tone="due",
    )  # fmt: skip


NOTICES.append(_of_questions)
