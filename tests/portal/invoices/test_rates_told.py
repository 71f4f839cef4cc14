"""A paper tells the rate that was reckoned, whatever the tax was called when it was set up."""

import io
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from sqlalchemy.orm import Session

from portal.invoices.grounds import Ground
from portal.shared import clock
from portal.taxes.actions import change_rate
from portal.taxes.naming import at_rate, with_reason
from portal.taxes.queries import list_taxes
from tests.builders import Firm, make_credit_note, make_invoice, pay_address, sign_in


@pytest.mark.parametrize(
    ("name", "rate", "kind", "said"),
    [
        ("VAT 20%", "20", "percent", "VAT 20%"),
        ("VAT 20%", "20.000000", "percent", "VAT 20%"),
        ("VAT 20%", "22", "percent", "VAT 22%"),
        ("MwSt 19 %", "16", "percent", "MwSt 16 %"),
        ("Standard", "22", "percent", "Standard 22 %"),
        ("QST 9,975 %", "9.975", "percent", "QST 9,975 %"),
        ("CGST9", "9", "percent", "CGST9"),
        ("CGST9", "10", "percent", "CGST9 (10 %)"),
        ("Zero-rated", "0", "zero", "Zero-rated 0 %"),
        ("Exempt, article 132", "0", "exempt", "Exempt, article 132"),
        ("Reverse charge", "19", "reverse_charge", "Reverse charge"),
        ("Reverse charge 20%", "22", "reverse_charge", "Reverse charge 22%"),
        ("Eco fee", "0.015", "fixed_per_unit", "Eco fee"),
        ("Standard", "22", "", "Standard"),
        ("VAT 20%", "22", "", "VAT 22%"),
    ],
)
def test_the_name_and_the_rate(name: str, rate: str, kind: str, said: str) -> None:
    assert at_rate(name, Decimal(rate), kind) == said


@pytest.mark.parametrize(
    ("name", "why", "said"),
    [
        ("Reverse charge", "reverse charge: VAT-registered in France", "Reverse charge: VAT-registered in France"),
        ("Reverse charge 20%", "domestic reverse charge: construction",
         "Reverse charge 20%, domestic reverse charge: construction"),
        ("Zero-rated", "zero-rated", "Zero-rated"),
        ("VAT", "VATable goods", "VAT, VATable goods"),
        ("VAT 20%", "", "VAT 20%"),
        ("", "customer exempt: Resale", "customer exempt: Resale"),
    ],
)  # fmt: skip
def test_a_tax_and_its_reason_say_each_thing_once(name: str, why: str, said: str) -> None:
    assert with_reason(name, why) == said


def test_a_paper_says_once_that_the_charge_is_reversed() -> None:
    ground = Ground("Reverse charge", "reverse charge: VAT-registered in Austria")
    assert ground.told("en", "Shipping") == "Reverse charge: VAT-registered in Austria"
    assert ground.told("fr", "Expédition") == "Autoliquidation : assujetti à la TVA (Autriche)"
    shipping = ground._replace(is_shipping=True)
    assert shipping.told("en", "Shipping") == "Shipping: Reverse charge: VAT-registered in Austria"


@given(st.text(max_size=30), st.decimals("0.001", "99", places=3))
def test_a_tax_in_percent_always_tells_its_rate(name: str, rate: Decimal) -> None:
    said = at_rate(name, rate, "percent", mark=",")
    assert f"{rate.normalize():f}".replace(".", ",") in said or said == name
    assert at_rate(said, rate, "percent", mark=",") == said


def test_after_a_change_of_the_rate_nothing_contradicts_itself(
    client: FlaskClient, session: Session, firm: Firm
) -> None:
    change_rate(session, list_taxes(session)[0], Decimal(22), clock.today("Europe/London"))
    session.commit()
    invoice = make_invoice(session, firm)
    note = make_credit_note(session, firm, invoice)
    shown = client.get(pay_address(session, invoice)).text
    sign_in(client, firm, "administrator")
    shown += client.get(f"/invoices/{invoice.id}").text + client.get(f"/credit-notes/{note.id}").text
    for path in (f"/invoices/{invoice.id}/invoice.pdf", f"/credit-notes/{note.id}/credit-note.pdf"):
        shown += PdfReader(io.BytesIO(client.get(path).data)).pages[0].extract_text()
    assert "VAT 22%" in shown and "VAT 20%" not in shown and "VAT 22% on £196.50" in shown
