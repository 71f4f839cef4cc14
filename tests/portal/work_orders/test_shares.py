"""Progress billing: a line is billed bit by bit, and all bits never come to more than the whole."""

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.invoices.models import Invoice, InvoiceLine
from portal.shared.money import Money
from portal.shared.running import job_session
from portal.work_orders.models import WorkOrderLine
from portal.work_orders.shares import CannotSplit, cut
from tests.builders import Firm, make_work_order, post, sign_in


@given(
    whole=st.decimals("0.001", "2000", places=3), unit_price=st.decimals("0", "9999", places=4),
    percents=st.lists(st.decimals("0.1", "99.9", places=1), min_size=1, max_size=6),
    currency=st.sampled_from(["GBP", "JPY", "KWD"]), mode=st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN]),
)  # fmt: skip
def test_all_pieces_together_are_the_whole_to_the_cent(
    whole: Decimal, unit_price: Decimal, percents: list[Decimal], currency: str, mode: str
) -> None:
    left, pieces = whole, []
    for percent in percents:
        try:
            piece = cut(left, whole, unit_price, percent, currency)
        except CannotSplit:
            continue
        assert 0 < piece < left and piece == piece.quantize(Decimal("0.001"))
        pieces.append(piece)
        left -= piece
    prices = [Money.rounded(each * unit_price, currency, mode) for each in [*pieces, left]]
    assert sum(pieces) + left == whole
    assert Money.total(prices, currency) == Money.rounded(whole * unit_price, currency, mode)


def test_half_a_cent_moves_the_cut_and_makes_no_cent() -> None:
    piece = cut(Decimal(1), Decimal(1), Decimal("333.33"), Decimal(50), "GBP")
    assert piece != Decimal("0.5") and abs(piece - Decimal("0.5")) <= Decimal("0.003")
    with pytest.raises(CannotSplit, match="Only 60 % of this line is left"):
        cut(Decimal("0.6"), Decimal(1), Decimal(10), Decimal(70), "GBP")


def bill(client: FlaskClient, job_id: int, line_ids: list[int]) -> int:
    answer = post(client, f"/work-orders/{job_id}/invoices", {"line": line_ids, "then": "draft", "email": "",
                  "form_id": f"b{line_ids}"}, page=f"/work-orders/{job_id}/invoices/new")  # fmt: skip
    assert answer.status_code == 303, answer.text
    return int(answer.headers["Location"].split("/invoices/")[1].split("/")[0].split("?")[0])


def lines_of(session: Session, job_id: int) -> list[WorkOrderLine]:
    found = select(WorkOrderLine).where(WorkOrderLine.work_order_id == job_id).order_by(WorkOrderLine.id)
    return list(session.scalars(found.execution_options(populate_existing=True)))


def test_a_share_is_billed_and_then_the_rest(client: FlaskClient, session: Session, firm: Firm) -> None:
    job_id = make_work_order(session, firm).id
    first = lines_of(session, job_id)[0]
    manager = sign_in(client, firm, "manager")
    page = f"/work-orders/{job_id}/lines/{first.id}/shares"
    assert "Bill a share" in manager.get(f"/work-orders/{job_id}").text
    assert post(manager, page, {"percent": "100", "form_id": "x"}, page=page).status_code == 422
    for _ in range(2):  # a double tap
        assert post(manager, page, {"percent": "30", "form_id": "one"}, page=page).status_code == 303
    rest, *_, share = lines_of(session, job_id)
    assert (share.share[:4], rest.share[:4]) == ("30 %", "70 %") and len(lines_of(session, job_id)) == 4
    some = session.get_one(Invoice, bill(manager, job_id, [share.id]))
    printed = session.scalars(select(InvoiceLine).where(InvoiceLine.invoice_id == some.id)).one()
    assert printed.description.startswith("30 % × ")
    too_much = post(manager, page, {"percent": "80", "form_id": "two"}, page=page)
    assert too_much.status_code == 422 and "Only 70 % of this line is left" in too_much.text
    stretched = post(manager, f"/work-orders/{job_id}/lines/{rest.id}", {"quantity": "99"}, page=page)
    assert stretched.status_code == 422 and "it stays as it is" in stretched.text
    billed = post(
        manager, f"/work-orders/{job_id}/lines/{share.id}/shares", {"percent": "10", "form_id": "3"}, page=page
    )
    assert billed.status_code == 422 and "has been billed" in billed.text
    rest_of_it = session.get_one(Invoice, bill(manager, job_id, [each.id for each in lines_of(session, job_id)[:3]]))
    assert some.subtotal_minor + rest_of_it.subtotal_minor == 19650


def test_the_database_refuses_more_than_the_whole(session: Session, firm: Firm) -> None:
    job_id = make_work_order(session, firm).id
    line_id = lines_of(session, job_id)[0].id
    with pytest.raises(IntegrityError, match="more than the whole"), job_session(firm.organisation_id) as own:
        own.execute(
            text("UPDATE work_order_lines SET whole_id = id, whole_quantity = quantity, quantity = quantity + 1"
                 " WHERE id = :id"), {"id": line_id},
        )  # fmt: skip


def test_who_may_not_bill_cuts_nothing(client: FlaskClient, session: Session, firm: Firm, other_firm: Firm) -> None:
    job_id = make_work_order(session, firm).id
    line_id = lines_of(session, job_id)[0].id
    stranger = sign_in(client, other_firm, "manager")
    assert stranger.get(f"/work-orders/{job_id}/lines/{line_id}/shares").status_code == 404
