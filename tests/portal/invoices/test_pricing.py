"""A draft's discounts, shipping and adjustment: on the page, by the role's limit, to the penny; frozen when sent."""

from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.invoices import actions, drafts, printed, sending
from portal.invoices.documents.facts import facts_of
from portal.invoices.models import Invoice
from portal.invoices.pricing import CannotPrice, Cut, Pricing
from portal.invoices.queries import get_invoice
from portal.organisations.models import Organisation
from portal.shared.money import Money
from portal.taxes.queries import list_taxes
from tests.builders import Firm, make_credit_note, make_invoice, pay_address, post, sign_in

ZERO = Money.zero("GBP")


def _priced(session: Session, firm: Firm, limit: int = 100, **wanted: object) -> Invoice:
    invoice = get_invoice(session, make_invoice(session, firm, sent=False).id, lock=True)
    lines = {invoice.lines[at].id: cut for at, cut in wanted.pop("by_line", {}).items()}  # type: ignore[attr-defined]
    pricing = Pricing(**{"adjustment": ZERO, "shipping": ZERO, "lines": lines, **wanted})  # type: ignore[arg-type]
    organisation = session.get_one(Organisation, firm.organisation_id)
    drafts.price_draft(session, organisation, invoice, pricing, Decimal(limit))
    session.commit()
    return get_invoice(session, invoice.id)


def test_a_discount_before_tax_lowers_the_tax_and_one_after_it_does_not(session: Session, firm: Firm) -> None:
    before = _priced(session, firm, whole=Cut(percent=Decimal(10)))
    after = _priced(session, firm, whole=Cut(percent=Decimal(10), applied="after_tax"))
    assert (before.subtotal_minor, before.tax_minor, before.total_minor) == (17685, 3537, 21222)
    assert (after.tax_minor, after.total_minor) == (3930, 21222)


def test_a_line_takes_a_percentage_or_an_amount(session: Session, firm: Firm) -> None:
    found = _priced(session, firm, by_line={0: Cut(percent=Decimal("12.5")), 1: Cut(amount=Money(200, "GBP"))})
    assert [line.line_total_minor for line in found.lines] == [10325, 3000, 4650]
    assert found.total_minor == 21570
    facts = facts_of(session.get_one(Organisation, firm.organisation_id), found)
    assert [line["detail"] for line in facts["lines"]] == ["Discount 12.5 %", "Discount £2.00", ""]


def test_the_customer_sees_what_was_given_on_a_line(session: Session, client: FlaskClient, firm: Firm) -> None:
    draft = _priced(session, firm, by_line={0: Cut(percent=Decimal("12.5")), 1: Cut(amount=Money(200, "GBP"))})
    organisation = session.get_one(Organisation, firm.organisation_id)
    actions.issue_invoice(session, organisation, draft)
    sending.send_invoice(session, organisation, draft, sent_by=None, email="")
    address = pay_address(session, draft)
    session.commit()
    page = " ".join(client.get(address).text.split())
    assert "Discount 12.5 %" in page and "0.5 h × 64.00</bdi> · Discount <bdi>£2.00</bdi>" in page


def test_shipping_bears_its_tax_and_the_adjustment_none(session: Session, firm: Firm) -> None:
    tax = list_taxes(session)[0]
    found = _priced(
        session, firm, shipping=Money(1000, "GBP"), shipping_tax_id=tax.id, adjustment=Money(-30, "GBP"),
        adjustment_reason="Rounded off", whole=Cut(amount=Money(650, "GBP")),
    )  # fmt: skip
    assert (found.subtotal_minor, found.tax_minor, found.total_minor) == (20000, 4000, 23970)
    assert [(label, amount.minor) for label, amount in printed.before_net(found)] == [
        ("Shipping", 1000), ("Discount", -650)
    ]  # fmt: skip
    assert [(label, amount.minor) for label, amount in printed.after_tax(found)] == [("Rounded off", -30)]


def test_what_was_given_is_frozen_with_the_invoice_and_credited_with_it(session: Session, firm: Firm) -> None:
    draft = _priced(session, firm, shipping=Money(999, "GBP"), whole=Cut(percent=Decimal("3.33")))
    organisation = session.get_one(Organisation, firm.organisation_id)
    total = draft.total_minor
    actions.issue_invoice(session, organisation, draft)
    session.commit()
    assert draft.total_minor == total
    for change in ("discount_value = 90", "shipping_minor = 0", "adjustment_minor = -100"):
        with pytest.raises(DBAPIError, match="frozen"):
            session.execute(text(f"UPDATE invoices SET {change} WHERE id = :id"), {"id": draft.id})
        session.rollback()
    with pytest.raises(CannotPrice, match="frozen"):
        drafts.price_draft(
            session, organisation, get_invoice(session, draft.id), Pricing(ZERO, ZERO), Decimal(100)
        )  # fmt: skip
    assert make_credit_note(session, firm, draft).total_minor < total  # shipping is a line of its own, not taken back


@pytest.mark.parametrize(
    "wanted",
    [{"whole": Cut(percent=Decimal("10.01"))}, {"whole": Cut(amount=Money(1966, "GBP"))},
     {"by_line": {0: Cut(percent=Decimal(11))}}, {"by_line": {1: Cut(amount=Money(321, "GBP"))}},
     {"adjustment": Money(-1966, "GBP"), "adjustment_reason": "Sorry"},
     {"whole": Cut(percent=Decimal(10)), "adjustment": Money(-1, "GBP"), "adjustment_reason": "Sorry"}],
)  # fmt: skip
def test_nobody_gives_away_more_than_their_role_may(session: Session, firm: Firm, wanted: dict[str, object]) -> None:
    with pytest.raises(CannotPrice, match="10 % at most"):
        _priced(session, firm, limit=10, **wanted)


def test_who_may_give_all_is_told_that_it_is_more_than_the_invoice(session: Session, firm: Firm) -> None:
    with pytest.raises(CannotPrice, match="more than the whole invoice comes to"):
        _priced(session, firm, adjustment=Money(-9999_00, "GBP"), adjustment_reason="Goodwill")


def test_what_the_role_may_give_it_gives(session: Session, firm: Firm) -> None:
    assert _priced(session, firm, limit=10, whole=Cut(amount=Money(1965, "GBP"))).subtotal_minor == 17685
    with pytest.raises(CannotPrice, match="gives no discounts"):
        _priced(session, firm, limit=0, whole=Cut(percent=Decimal(1)))


def test_lines_and_the_whole_are_not_discounted_together(session: Session, firm: Firm) -> None:
    both = {"whole": Cut(percent=Decimal(1)), "by_line": {0: Cut(percent=Decimal(1))}}
    with pytest.raises(CannotPrice, match="not on both"):
        _priced(session, firm, **both)


def test_prices_that_include_tax_keep_their_total(session: Session, firm: Firm) -> None:
    session.get_one(Organisation, firm.organisation_id).price_includes_tax = True
    session.commit()
    found = _priced(session, firm, whole=Cut(percent=Decimal(10)))
    assert (found.total_minor, found.tax_minor, found.subtotal_minor) == (17685, 2948, 14737)
    assert found.printed_taxes[0].is_inside


def test_a_technician_gives_ten_percent_on_the_page_and_not_eleven(
    client: FlaskClient, session: Session, firm: Firm
) -> None:
    invoice = make_invoice(session, firm, sent=False)
    sign_in(client, firm, "field_agent")
    page = f"/invoices/{invoice.id}/prices"
    shown = client.get(page).text
    assert "10&nbsp;% at most" in shown and "Adjustment" not in shown
    refused = post(client, page, {"discount": "11%", "applied": "before_tax"}, page=page)
    assert refused.status_code == 422 and 'value="11%"' in refused.text and "10 % at most" in refused.text
    sly = {"discount": "", "applied": "before_tax", "adjustment": "-100", "adjustment_reason": "For a friend"}
    assert post(client, page, sly, page=page).status_code == 303
    assert get_invoice(session, invoice.id).total_minor == 23580  # who may not adjust does not
    assert post(client, page, {"discount": "10%", "applied": "before_tax"}, page=page).status_code == 303
    draft = client.get(f"/invoices/{invoice.id}").text
    assert "Discount 10 %" in draft and "£212.22" in draft
    assert 'value="10%"' in client.get(page).text


def test_nonsense_is_refused_beside_its_field(client: FlaskClient, session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm, sent=False)
    sign_in(client, firm, "manager")
    page = f"/invoices/{invoice.id}/prices"
    line = f"discount-{invoice.lines[0].id}"
    for name, typed in ((line, "ten"), (line, "118.01"), ("discount", "101%"), ("shipping", "-1"),
                        ("shipping_tax_id", "999999"), ("adjustment", "0.001"), ("adjustment", "5")):  # fmt: skip
        refused = post(client, page, {"applied": "before_tax", name: typed}, page=page)
        assert refused.status_code == 422 and "f-" in refused.text, (name, typed)


def test_a_sent_invoice_leads_away_from_the_prices(client: FlaskClient, session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)
    sign_in(client, firm, "manager")
    assert client.get(f"/invoices/{invoice.id}/prices").status_code == 303
    assert post(client, f"/invoices/{invoice.id}/prices", {"applied": "before_tax"}).status_code == 422
