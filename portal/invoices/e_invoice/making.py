"""The files themselves, of an invoice read with lines, tax rows, customer and balance.

Each says what was sent, whenever it is asked for: from what was frozen at issue, to the byte. What is paid or credited
later has papers of its own, and who books both would count it twice.
"""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from portal.invoices import printed
from portal.invoices.credit_notes.models import CreditNote, CreditNoteLine
from portal.invoices.documents.pdf import credit_note_pdf, render_pdf
from portal.invoices.documents.rules import word
from portal.invoices.e_invoice import rules
from portal.invoices.e_invoice.addresses import Address, parted
from portal.invoices.e_invoice.cii import cii_invoice
from portal.invoices.e_invoice.ubl import ubl_invoice
from portal.invoices.e_invoice.units import unit_code
from portal.invoices.frozen import from_text
from portal.invoices.letterhead import Letterhead, letterhead_of
from portal.invoices.models import SENT, Invoice, InvoiceLine
from portal.organisations.models import Organisation
from portal.shared.text import clean
from portal.taxes.tax_point import tax_point
from portal.taxes.wording import told_in, tongue

_MOMENTS = re.compile(rb"(?<=\(D\\072)\d{14}|(?<=<xmp:CreateDate>|<xmp:ModifyDate>)\d{4}-\d\d-\d\dT[\d:]{8}")


def is_offered(organisation: Organisation, invoice: Invoice) -> bool:
    """Sent invoices of firms in the EU and the UK."""
    return organisation.country in rules.EXPORTING and invoice.status == SENT


def ubl_of(organisation: Organisation, invoice: Invoice) -> bytes:
    """Raises CannotExport."""
    return ubl_invoice(_told(organisation, invoice))


def facturx_of(organisation: Organisation, invoice: Invoice) -> bytes:
    """The PDF with the data in it, checked against the standard's own schema. Raises CannotExport."""
    data = cii_invoice(_told(organisation, invoice))
    return _together(render_pdf(organisation, invoice, ("a-3b",)), data, invoice.sent_at or invoice.created_at)


def ubl_of_note(organisation: Organisation, note: CreditNote) -> bytes:
    """`note` as get_credit_note reads it. Raises CannotExport."""
    return ubl_invoice(_note_told(organisation, note))


def facturx_of_note(organisation: Organisation, note: CreditNote) -> bytes:
    """As facturx_of."""
    data = cii_invoice(_note_told(organisation, note))
    return _together(credit_note_pdf(organisation, note, ("a-3b",)), data, note.created_at)


def _together(paper: bytes, data: bytes, made: datetime) -> bytes:
    """made: in place of each moment that the file would carry, as long as it was, so that nothing moves in it."""
    import facturx  # with what it brings it weighs more than the page that links here: only who exports pays

    found = facturx.generate_from_binary(paper, data, flavor="factur-x", level="en16931", xmp_compression=False)
    at = made.astimezone(UTC)
    short, long = f"{at:%Y%m%d%H%M%S}".encode(), f"{at:%Y-%m-%dT%H:%M:%S}".encode()
    return _MOMENTS.sub(lambda moment: short if len(moment[0]) == len(short) else long, bytes(found))


def _note_told(organisation: Organisation, note: CreditNote) -> rules.EInvoice:
    if organisation.country not in rules.EXPORTING:
        raise rules.CannotExport("These files are for credit notes of firms in the EU and the UK.")
    _check_sayable(note.invoice)
    breakdown, policy = from_text(note.breakdown, note.currency)
    head = letterhead_of(organisation, note.letterhead or note.invoice.letterhead)
    header = rules.Header(
        number=note.number, issued_on=note.issued_on, due_on=None, currency=note.currency, seller=_seller(head),
        buyer=_buyer(organisation, note.invoice), reference=clean(note.invoice.reference), kind=rules.CREDIT_NOTE,
        credits=note.invoice.number or "", shipping=word("shipping", head.language),
        discount=word("discount", head.language),
    )  # fmt: skip
    named, keys = {line.position: line for line in note.lines}, {row.name: row.key for row in breakdown.taxes}
    reasons = {line.id: line for line in note.invoice.lines}
    lines = [
        _credited_line(named[at], keys, reasons.get(named[at].invoice_line_id or 0))
        if at in named else rules.PrintedLine("-", "", Decimal(1))
        for at in range(len(breakdown.line_totals))
    ]  # fmt: skip
    made = rules.e_invoice(header, lines, breakdown, includes_tax=policy.price_includes_tax, paid=Decimal(0))
    return _in_words(made, head)


def _credited_line(line: CreditNoteLine, keys: dict[str, str], of: InvoiceLine | None) -> rules.PrintedLine:
    """An amount, not a quantity, is taken back. keys: of the rows of taxes, by their names; of: the invoice's line."""
    return rules.PrintedLine(
        clean(line.name) or "-", clean(line.description), Decimal(1), keys.get(line.tax_name, ""), *_untaxed(of)
    )


def _untaxed(line: InvoiceLine | None) -> tuple[str, str]:
    """Category and reason of a line without a tax. Exempt are customers and items, whose reason stands behind words on
    whose it is; where the reason is all there is to say, item or rules put it outside the tax."""
    if line is None or line.tax_id is not None or not line.tax_reason:
        return "", ""
    return ("O" if line.tax_reason == line.tax_why else "E"), clean(line.tax_reason)


def _told(organisation: Organisation, invoice: Invoice) -> rules.EInvoice:
    if not is_offered(organisation, invoice) or not invoice.breakdown or not invoice.issued_on:
        raise rules.CannotExport("These files are for sent invoices of firms in the EU and the UK.")
    _check_sayable(invoice)
    breakdown, policy = from_text(invoice.breakdown, invoice.currency)
    supplied, point = _days(organisation, invoice)
    head = letterhead_of(organisation, invoice.letterhead)
    header = rules.Header(
        number=invoice.number or "", issued_on=invoice.issued_on, due_on=invoice.due_on, currency=invoice.currency,
        seller=_seller(head), buyer=_buyer(organisation, invoice), reference=clean(invoice.reference),
        supplied_on=supplied, tax_point=point, shipping=word("shipping", head.language),
        discount=word("discount", head.language),
    )  # fmt: skip
    lines = [
        rules.PrintedLine(
            clean(line.name) or "-",
            clean(line.description),
            line.quantity,
            str(line.tax_id or ""),
            *_untaxed(line),
            unit=unit_code(line.unit),
        )
        for line in invoice.lines
    ]
    reasons = {str(line.tax_id): clean(line.tax_why) for line in invoice.lines if line.tax_rate == 0 and line.tax_why}
    made = rules.e_invoice(
        header, lines, breakdown, includes_tax=policy.price_includes_tax,
        paid=printed.prepaid(invoice).decimal,
        reasons={row.key: reasons[row.key] for row in breakdown.taxes if row.key in reasons and row.kind == "exempt"},
    )  # fmt: skip
    return _in_words(made, head)


def _in_words(made: rules.EInvoice, head: Letterhead) -> rules.EInvoice:
    """Why each category bears no tax, in the paper's language."""
    spoken = tongue(head.language, head.country)
    return replace(made, groups=tuple(
        replace(group, reason=clean(told_in(spoken, group.reason))) for group in made.groups
    ))  # fmt: skip


def _check_sayable(invoice: Invoice) -> None:
    """Raises CannotExport."""
    rules.check_sayable(
        is_discounted_after_tax=bool(invoice.discount_kind) and invoice.discount_applied == "after_tax",
        is_adjusted=bool(invoice.adjustment_minor),
        rounding_mode=str((invoice.breakdown or {}).get("policy", {}).get("rounding_mode", "half_up")),
    )


def _days(organisation: Organisation, invoice: Invoice) -> tuple[date | None, date | None]:
    """Of the supply, and the tax point where it is not that of issue: as the paper tells them."""
    supplied, issued = invoice.supplied_on, invoice.issued_on
    if supplied is None or issued is None or supplied > issued:
        return None, None
    point = tax_point(organisation.country, supplied, issued)
    return supplied, point if point != issued else None


def _seller(head: Letterhead) -> rules.Party:
    address = parted(list(filter(None, map(clean, head.address.splitlines()))), head.country)
    registered = next(filter(None, (clean(row.partition(":")[2]) for row in head.registrations.splitlines())), "")
    return rules.Party(
        clean(head.name), head.country, address.street, _number(head.tax_number), head.email, registered,
        address.city, address.postal_code,
    )  # fmt: skip


def _buyer(organisation: Organisation, invoice: Invoice) -> rules.Party:
    bill_to = invoice.bill_to
    told = {part: clean(str(bill_to.get(part, ""))) for part in ("name", "street", "city", "postal_code", "state")}
    address = Address(tuple(filter(None, (told["street"],))), told["city"], told["postal_code"], told["state"])
    country = str(bill_to.get("country") or organisation.country)
    if "city" not in bill_to:  # of before the parts were kept
        address = parted([clean(str(line)) for line in bill_to.get("lines", [])], country)
    return rules.Party(
        told["name"], country, address.street,
        _number(bill_to.get("tax_number", "")), city=address.city, postal_code=address.postal_code,
        region=address.region,
    )  # fmt: skip


def _number(raw: object) -> str:
    return "".join(clean(str(raw or "")).split())
