"""What is printed adds up to the printed total: of any invoice and any credit, on paper and page."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from portal.invoices import actions, drafts, printed
from portal.invoices.credit_notes import actions as crediting
from portal.invoices.credit_notes.models import CreditNote
from portal.invoices.credit_notes.queries import get_credit_note
from portal.invoices.documents.facts import credit_note_facts, facts_of
from portal.invoices.frozen import as_text
from portal.invoices.models import Invoice, InvoiceLine
from portal.invoices.pricing import Cut, Pricing
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.shared.money import Money
from portal.taxes.arithmetic import Breakdown, Charge, Impossible, Line, LineTax, credit
from portal.taxes.queries import list_taxes
from tests.builders import Firm, make_credit_note, make_invoice, sign_in
from tests.portal.taxes.documents import Document, documents

laws = settings(max_examples=50, deadline=None)


def _number(said: str) -> Decimal:
    """The amount in words such as "-£1,234.50" or "JPY 1,234"."""
    return Decimal(re.sub(r"[^\d.-]", "", said))


def _adds_up(facts: dict[str, Any], *, includes_tax: bool) -> bool:
    """The lines and what is between them and the net come to the net, or, with tax inside, to net and taxes; and all
    to the total."""
    sums = [(label, _number(amount)) for label, amount in facts["sums"]]
    at = next(number for number, (label, _) in enumerate(sums) if label in ("Subtotal", "Net of tax"))
    lines = sum((_number(line["total"]) for line in facts["lines"]), Decimal(0))
    before, net = sum(amount for _, amount in sums[:at]), sums[at][1]
    taxes = sum(amount for label, amount in sums[at:] if " on " in label and "the total" not in label)
    total = _number(facts["total"])
    return lines + before == net + (taxes if includes_tax else 0) and total == sum(amount for _, amount in sums[at:])


def _organisation(document: Document) -> Organisation:
    policy = document.policy
    return Organisation(
        id=1, name="Brightwater", address="", email="", phone="", country="GB", locale="en_GB", tax_number="",
        tax_number_label="VAT number", logo="", document_language="", registrations="", document_words="",
        is_tax_registered=True, time_zone="Europe/London", currency=policy.currency,
        price_includes_tax=policy.price_includes_tax,
        tax_rounding=policy.rounding, rounding_mode=policy.rounding_mode, round_total_to=policy.round_total_to,
    )  # fmt: skip


def _as_rows(document: Document) -> Document:
    """Its taxes have the ids of rows."""
    keys: dict[str, str] = {}

    def row(tax: LineTax) -> LineTax:
        return replace(tax, key=keys.setdefault(tax.key, str(len(keys) + 1)))

    def borne(one: Any) -> Any:
        return replace(one, taxes=tuple(map(row, one.taxes)))

    lines: tuple[Line, ...] = tuple(map(borne, document.lines))
    charges: tuple[Charge, ...] = tuple(map(borne, document.charges))
    return replace(document, lines=lines, charges=charges)


def _invoice(document: Document, breakdown: Breakdown, organisation: Organisation) -> Invoice:
    discount, currency = document.discount, document.policy.currency
    invoice = Invoice(
        organisation_id=1, currency=currency, status="sent", bill_to={}, title="", work_done="", reference="",
        number="1", adjustment_reason="", discount_kind=discount.kind if discount else "",
        discount_value=discount.value if discount else Decimal(0), exchange_rate=None,
        discount_applied=discount.applied if discount else "before_tax",
    )  # fmt: skip
    invoice.lines = [
        InvoiceLine(
            name="Work", description="", quantity=line.quantity, unit="", unit_price=line.unit_price, tax_name="",
            tax_why="", tax_reason="", place_of_supply="", hsn_sac="", tax_rate=Decimal(0), position=at,
            line_total_minor=total.minor, currency=currency, id=at + 1,
        )
        for at, (line, total) in enumerate(zip(document.lines, breakdown.line_totals, strict=True))
    ]  # fmt: skip
    drafts.take_totals(organisation, invoice, breakdown)
    return invoice


def _note(document: Document, invoice: Invoice, part: Breakdown) -> CreditNote:
    note = CreditNote(
        id=1, organisation_id=1, number="CN-1", currency=invoice.currency, reason="", issued_on=None, letterhead=None,
        breakdown=as_text(part, document.policy), subtotal_minor=part.subtotal.minor,
        tax_minor=part.tax_total.minor, total_minor=part.total.minor, withheld_minor=-part.withholding.minor,
    )  # fmt: skip
    set_committed_value(note, "invoice", invoice)
    note.lines = list(crediting._lines(note, invoice, part))
    note.taxes = list(crediting._tax_rows(note, part))
    return note


def _page_adds_up(note: CreditNote, *, includes_tax: bool) -> bool:
    lines = sum(line.line_total_minor for line in note.lines)
    before = sum(amount.minor for _, amount in printed.before_net(note))
    taxes = sum(row.charged.minor for row in note.taxes)
    after = sum(amount.minor for _, amount in printed.after_tax(note))
    return (
        lines + before == note.subtotal_minor + (taxes if includes_tax else 0)
        and note.subtotal_minor + taxes + after == note.total_minor
    )


@laws
@given(documents(most=8), st.data())
def test_1_every_paper_adds_up_to_its_total(document: Document, data: st.DataObject) -> None:
    document, organisation = _as_rows(document), _organisation(document)
    try:
        breakdown = document.reckon()
    except Impossible:
        return
    includes = document.policy.price_includes_tax
    invoice = _invoice(document, breakdown, organisation)
    assert _adds_up(facts_of(organisation, invoice), includes_tax=includes)
    for wanted in (
        [part.total for part in breakdown.lines],
        [Money(data.draw(st.integers(0, part.total.minor)), part.total.currency) for part in breakdown.lines],
    ):
        note = _note(document, invoice, credit(breakdown, document.policy, wanted))
        note.issued_on = data.draw(st.dates())
        assert _adds_up(credit_note_facts(organisation, note), includes_tax=includes)
        assert _page_adds_up(note, includes_tax=includes)


def _credited(session: Session, firm: Firm, share: str, **wanted: Any) -> CreditNote:
    """A credit of `share` of each line, and of shipping, of an invoice that was priced so."""
    organisation = session.get_one(Organisation, firm.organisation_id)
    draft = get_invoice(session, make_invoice(session, firm, sent=False).id, lock=True)
    drafts.price_draft(session, organisation, draft, Pricing(**wanted), Decimal(100))
    actions.issue_invoice(session, organisation, draft)
    session.commit()
    sent = get_invoice(session, draft.id, lock=True)
    left = crediting.creditable(session, sent)
    note = crediting.raise_credit_note(
        session, organisation, sent, {at: one.times(Decimal(share)) for at, one in enumerate(left)}, "Faulty"
    )
    session.commit()
    return get_credit_note(session, note.id)


def _said(client: FlaskClient, path: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", client.get(path).text).split())


@pytest.mark.parametrize("share", ["1", "0.31"])
def test_a_credit_note_names_discount_shipping_and_adjustment(
    client: FlaskClient, session: Session, firm: Firm, share: str
) -> None:
    """An invoice with shipping, a discount of 10 % and goodwill: each has its row on page and paper."""
    note = _credited(
        session, firm, share, adjustment=Money(-111, "GBP"), adjustment_reason="Discount for goodwill",
        shipping=Money(999, "GBP"), shipping_tax_id=list_taxes(session)[0].id, whole=Cut(percent=Decimal(10)),
    )  # fmt: skip
    assert _page_adds_up(note, includes_tax=False)
    facts = credit_note_facts(session.get_one(Organisation, firm.organisation_id), note)
    assert _adds_up(facts, includes_tax=False)
    labels = [label for label, _ in facts["sums"]]
    assert (labels[:2], labels[-1]) == (["Discount 10 %", "Subtotal"], "Discount for goodwill")
    page = _said(sign_in(client, firm, "manager"), f"/credit-notes/{note.id}")
    for label, amount in [*printed.before_net(note), *printed.after_tax(note)]:
        assert f"{label} {amount.decimal}".replace("-", "−") in page.replace("-", "−")
    assert [line.name for line in note.lines][-1] == "Shipping"


def test_a_credit_notes_page_shows_no_tax_that_was_never_charged(
    client: FlaskClient, session: Session, firm: Firm
) -> None:
    turned = next(tax for tax in list_taxes(session) if tax.name == "Reverse charge 20%")
    invoice = make_invoice(session, firm, sent=False)
    for line in invoice.lines:
        line.tax_id = turned.id
    organisation = session.get_one(Organisation, firm.organisation_id)
    actions.issue_invoice(session, organisation, get_invoice(session, invoice.id, lock=True))
    session.commit()
    note = make_credit_note(session, firm, invoice)
    page = _said(sign_in(client, firm, "manager"), f"/credit-notes/{note.id}")
    assert "Reverse charge 20% 0.00" in page and "39.30" not in page
