"""The board: its figures, its links, its cost."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from portal.accounting.models import Consent, Link
from portal.accounting.queries import tied_now, under_way
from portal.invoices.models import Invoice
from portal.payments.models import Allocation, Payment
from portal.reports import queries
from portal.shared import clock
from portal.shared.money import Money
from portal.shared.running import here
from tests.builders import Firm, make_invoice, make_work_order, sign_in
from tests.conftest import browser


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is sent to the database meanwhile."""
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_more) -> None:
        seen.append(statement)

    event.listen(here().engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(here().engine, "before_cursor_execute", note)


def pay(session: Session, invoice: Invoice, minor: int, *, days_ago: int = 0) -> None:
    day = clock.today("Europe/London") - timedelta(days=days_ago)
    number = f"R-{invoice.id}-{minor}"
    payment = Payment(
        organisation_id=invoice.organisation_id, number=number, customer_id=invoice.customer_id, method="cash",
        amount_minor=minor, currency="GBP", received_on=day, provider="offline", provider_payment_id=number,
    )  # fmt: skip
    session.add(payment)
    session.flush()
    session.add(
        Allocation(organisation_id=invoice.organisation_id, payment_id=payment.id, invoice_id=invoice.id,
                   amount_minor=minor, currency="GBP")
    )  # fmt: skip
    session.commit()


def link_books(session: Session, firm: Firm) -> None:
    consent = Consent(organisation_id=firm.organisation_id, data_centre="eu", refresh_token_sealed="sealed")
    session.add(consent)
    session.flush()
    session.add(
        Link(organisation_id=firm.organisation_id, consent_id=consent.id, product="books", remote_name="Northgate",
             remote_organisation_id="60001", currency="GBP")
    )  # fmt: skip
    session.commit()


def figures(session: Session) -> queries.Board:
    return queries.board(session, currency="GBP", time_zone="Europe/London")


def test_only_managers_see_the_board(app, client: FlaskClient, firm: Firm) -> None:
    assert client.get("/board").headers["Location"] == "/sign-in?next=/board"
    assert sign_in(client, firm, "field_agent").get("/board").status_code == 403
    assert sign_in(browser(app), firm, "manager").get("/board").status_code == 200


def test_an_empty_firm_has_an_empty_board(session: Session, client: FlaskClient, firm: Firm) -> None:
    found = figures(session)
    assert (found.unbilled.jobs, found.open_invoices, found.paid.payments) == (0, 0, 0)
    page = sign_in(client, firm, "manager").get("/board").text
    assert "No invoices here" in page and "£0.00" in page


def test_work_that_is_done_and_not_billed_is_counted_before_tax(session: Session, firm: Firm) -> None:
    make_work_order(session, firm)
    make_work_order(session, firm, done=False)
    assert figures(session).unbilled == queries.Unbilled(1, Money(196_50, "GBP"), 0)


def test_a_part_payment_lowers_what_is_to_come_in(session: Session, firm: Firm) -> None:
    pay(session, make_invoice(session, firm), 100_00)
    found = figures(session)
    assert (found.sent.count, found.sent.balance) == (1, Money(135_80, "GBP"))
    assert found.paid == queries.Paid(1, Money(100_00, "GBP"))


def test_drafts_are_not_counted_and_paid_invoices_are_closed(session: Session, firm: Firm) -> None:
    make_invoice(session, firm, sent=False)
    pay(session, make_invoice(session, firm), 235_80)
    assert figures(session).open_invoices == 0


def test_a_payment_of_last_week_is_not_this_weeks(session: Session, firm: Firm) -> None:
    pay(session, make_invoice(session, firm), 100_00, days_ago=clock.today("Europe/London").weekday() + 1)
    assert figures(session).paid.payments == 0


def test_the_week_begins_on_monday(session: Session, firm: Firm) -> None:
    pay(session, make_invoice(session, firm), 100_00, days_ago=clock.today("Europe/London").weekday())
    assert figures(session).paid.payments == 1


def test_each_tile_leads_to_the_list_behind_it(client: FlaskClient, firm: Firm) -> None:
    page = sign_in(client, firm, "manager").get("/board").text
    lists = ("/work-orders?state=unbilled", "/invoices?state=sent", "/invoices?state=overdue", "/payments?week=this")
    for address in lists:
        assert f'class="tile" href="{address}"' in page


@pytest.mark.parametrize(
    ("state", "is_there"), [("open", True), ("part_paid", True), ("paid", False), ("overdue", False)]
)
def test_the_tab_is_in_the_address(
    client: FlaskClient, session: Session, firm: Firm, state: str, is_there: bool
) -> None:
    pay(session, make_invoice(session, firm), 100_00)
    page = sign_in(client, firm, "manager").get(f"/board?state={state}").text
    assert ("INV-00001" in page) is is_there
    assert len(re.findall(r'href="/board[^"]*" aria-current="page"', page)) >= 1


def test_a_phone_shows_what_was_paid_of_paid_invoices(client: FlaskClient, session: Session, firm: Firm) -> None:
    invoice = make_invoice(session, firm)
    pay(session, invoice, invoice.total.minor)
    page = sign_in(client, firm, "manager").get("/board?state=paid").text
    [figure] = re.findall(r'<td role="cell" class="n"><bdi class="money">([^<]+)', page)
    assert figure == str(invoice.total.decimal)


def test_another_firms_figures_are_not_ours(
    session: Session, client: FlaskClient, firm: Firm, other_firm: Firm
) -> None:
    make_invoice(session, firm)
    page = sign_in(client, other_firm, "manager").get("/board").text
    assert "INV-00001" not in page and "235.80" not in page


@pytest.mark.parametrize("query", ["state=nonsense", "state=%00", "page=x", "page=" + "9" * 30, "page=0"])
def test_odd_addresses_are_no_error(client: FlaskClient, firm: Firm, query: str) -> None:
    assert sign_in(client, firm, "manager").get(f"/board?{query}").status_code == 200


def test_without_books_nothing_is_said_of_them(session: Session, client: FlaskClient, firm: Firm) -> None:
    make_invoice(session, firm)
    assert "books" not in sign_in(client, firm, "manager").get("/board").text.partition("<main")[2]


def test_an_invoice_that_has_not_reached_the_books_is_counted(session: Session, client, firm: Firm) -> None:
    make_invoice(session, firm)
    link_books(session, firm)
    assert figures(session).not_in_books == len(under_way(session, tied_now(session).link.id)) > 0
    page = sign_in(client, firm, "manager").get("/board").text
    assert "Not in the books yet" in page and ">waiting</span>" in page


@pytest.mark.parametrize("is_linked", [False, True])
def test_the_board_asks_few_questions_however_many_invoices(session, client, firm: Firm, is_linked: bool) -> None:
    sign_in(client, firm, "manager")
    make_invoice(session, firm)
    if is_linked:
        link_books(session, firm)
    client.get("/board")
    with statements() as few:
        client.get("/board")
    for _ in range(4):
        make_invoice(session, firm)
    with statements() as many:
        assert client.get("/board").text.count("INV-0000") == 5
    assert len(many) == len(few) <= 12
