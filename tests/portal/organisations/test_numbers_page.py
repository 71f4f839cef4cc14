"""A firm that has counted elsewhere goes on from there, and no number is ever given twice."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from portal.organisations.models import Organisation
from portal.organisations.numbering import PREFIXES, NumberTooLong, next_number, next_paper_number, set_series
from portal.shared.running import job_session
from tests.builders import Firm, post, sign_in

PAGE = "/settings/numbers"


@pytest.fixture
def admin(client: FlaskClient, firm: Firm) -> FlaskClient:
    return sign_in(client, firm, "administrator")


def form(**changes: str) -> dict[str, object]:
    usual = {f"{series}_prefix": prefix for series, prefix in PREFIXES.items()}
    # The builders have made one customer.
    counts = {f"{series}_next": "2" if series == "customer" else "1" for series in PREFIXES}
    return {**usual, **counts, **changes}


def save(admin: FlaskClient, **changes: str):
    return post(admin, PAGE, form(**changes), page=PAGE)


def take(firm: Firm, series: str = "invoice") -> str:
    with job_session(firm.organisation_id) as session:
        return next_number(session, firm.organisation_id, series)


def test_invoices_go_on_after_the_last_number_of_the_books(admin: FlaskClient, firm: Firm) -> None:
    assert save(admin, invoice_prefix="NH-", invoice_next="4812").status_code == 303
    assert [take(firm), take(firm)] == ["NH-04812", "NH-04813"]
    assert "Next invoice number is NH-04812" in admin.get("/settings").text


def test_a_number_that_was_given_cannot_be_given_again(admin: FlaskClient, firm: Firm) -> None:
    take(firm), take(firm)
    refused = save(admin, invoice_next="2")
    assert refused.status_code == 422 and "Begin at 3 or later" in refused.text
    assert take(firm) == "INV-00003"


def test_going_back_to_an_earlier_prefix_goes_on_where_it_stopped(admin: FlaskClient, firm: Firm) -> None:
    take(firm), take(firm)
    save(admin, invoice_prefix="NH-", invoice_next="1")
    refused = save(admin, invoice_prefix="INV-", invoice_next="2")
    assert refused.status_code == 422 and "Begin at 3 or later" in refused.text
    assert save(admin, invoice_prefix="INV-", invoice_next="3").status_code == 303


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"invoice_prefix": ""}, "Enter a prefix"), ({"invoice_prefix": "INV-1"}, "letter or a sign"),
     *(({"invoice_prefix": odd}, "Use letters, digits and single signs") for odd in ("../", "<b>", "💧-", "-", "A--")),
     ({"invoice_prefix": "cn-"}, "Credit note numbers begin like this too"),
     ({"invoice_next": "0"}, "must be from 1"), ({"invoice_next": "x"}, "whole number"),
     ({"invoice_prefix": "A" * 13}, "12 characters at most"), ({"invoice_next": "9" * 12}, "must be from 1")],
)  # fmt: skip
def test_what_no_number_can_be_made_of_is_refused(
    admin: FlaskClient, firm: Firm, changes: dict[str, str], words: str
) -> None:
    refused = save(admin, **changes)
    assert refused.status_code == 422 and words in refused.text
    assert take(firm) == "INV-00001"


def test_only_who_manages_the_organisation_may(client: FlaskClient, firm: Firm) -> None:
    assert sign_in(client, firm, "manager").get(PAGE).status_code == 403


def test_an_indian_number_has_sixteen_characters_at_most(admin: FlaskClient, firm: Firm) -> None:
    """CGST Rules, rule 46 (b). Customers and jobs may have longer ones."""
    with job_session(firm.organisation_id) as session:
        session.get_one(Organisation, firm.organisation_id).country = "IN"
        session.commit()
    refused = save(admin, invoice_prefix="BHARAT/2026-")
    assert refused.status_code == 422 and "BHARAT/2026-00001 has 17 characters" in refused.text
    assert save(admin, invoice_prefix="BHARAT/26-", invoice_next="1000000").status_code == 422
    assert save(admin, invoice_prefix="BHARAT/202-", work_order_prefix="BHARAT/JOBS-").status_code == 303
    assert take(firm) == "BHARAT/202-00001"


def test_an_indian_series_that_has_grown_too_long_is_refused_with_what_to_do(session: Session, firm: Firm) -> None:
    own = firm.organisation_id
    with job_session(own) as other:
        set_series(other, own, "invoice", "BHARAT/2026-", 9999)
    assert next_paper_number(session, own, "invoice", "GB") == "BHARAT/2026-09999"
    session.rollback()
    with pytest.raises(NumberTooLong, match=r"BHARAT/2026-09999 has 17 .* shorter prefix under Settings, Numbers"):
        next_paper_number(session, own, "invoice", "IN")
    session.rollback()
    assert next_paper_number(session, own, "payment", "IN") == "R-00001"
