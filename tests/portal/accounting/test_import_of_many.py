"""A firm with many customers is compared with an organisation that has many: page by page, by index."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, func, select, text

from portal.accounting.models import ImportRow
from portal.accounting.setup import reading
from portal.accounting.setup.alike import MOST_ALIKE, ours_like
from portal.accounting.setup.matching import Known
from portal.catalogue.models import Item
from portal.shared.running import here, job_session
from tests.portal.accounting.stand_in import LinkedFirm, linked, zoho

__all__ = ["linked", "zoho"]
MANY, PAGE = 20_000, 200
_CUSTOMERS = """
    INSERT INTO customers (organisation_id, number, kind, name, email, phone, tax_number, notes, is_active)
    SELECT :of, 'M-' || n, 'business', 'Firm no. ' || n, 'f' || n || '@many.example', '', '', '', true
    FROM generate_series(1, :most) n
"""


@contextmanager
def rows_of_each_statement() -> Iterator[list[int]]:
    seen: list[int] = []

    def note(_connection: object, cursor: Any, *_rest: object) -> None:
        seen.append(cursor.rowcount)

    event.listen(here().engine, "after_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(here().engine, "after_cursor_execute", note)


def page(of: int) -> list[dict[str, str]]:
    """Half of them are ours, under the same name and mail address; each of the others is new."""
    numbers = range(of * PAGE + 1, of * PAGE + PAGE + 1)
    return [
        {"contact_id": f"9{n}", "contact_name": f"FIRM no {n}", "email": f"F{n}@many.example"} if n % 2
        else {"contact_id": f"9{n}", "contact_name": f"Another {n}", "email": ""}
        for n in numbers
    ]  # fmt: skip


def test_a_page_of_theirs_costs_as_many_statements_and_rows_whatever_the_number_of_ours(linked: LinkedFirm) -> None:
    of, link_id = linked.organisation_id, linked.link().id
    linked.change(_CUSTOMERS, of=of, most=MANY)
    costs = []
    for number in (0, 50):
        with job_session(of) as session:
            session.connection()
            with rows_of_each_statement() as rows:
                reading.keep(session, of, link_id, reading.KINDS["customer"], page(number))
            costs.append(rows)
    assert costs == [[0, PAGE // 2, PAGE, 0]] * 2  # linked before, ours that are alike, kept, doubles
    with job_session(of) as session:
        counted = session.execute(select(ImportRow.found, func.count()).group_by(ImportRow.found))
        assert {found: count for found, count in counted} == {"matched": PAGE, "new": PAGE}


def test_each_key_is_looked_up_by_its_index_behind_row_level_security(linked: LinkedFirm) -> None:
    linked.change(_CUSTOMERS, of=linked.organisation_id, most=1_000)
    with job_session(linked.organisation_id) as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        for key in ("number", "name", "email", "phone", "tax_number"):
            asked = f"EXPLAIN SELECT id FROM customers WHERE {key}_key = ANY(ARRAY['firmno1', 'firmno2'])"
            plan = "\n".join(session.scalars(text(asked)))
            assert f"ix_customers_{key}_key" in plan and "Index Cond" in plan, plan
            assert "Filter: " not in plan, plan


def test_a_telephone_number_that_thousands_share_brings_a_few_of_them(linked: LinkedFirm) -> None:
    """And the one that it is, by what else they share."""
    of, link_id = linked.organisation_id, linked.link().id
    linked.change(_CUSTOMERS, of=of, most=3_000)
    linked.change("UPDATE customers SET phone = '0113 496 0123' WHERE number LIKE 'M-%'")
    phone = {"phone": "+44 113 496 0123", "email": ""}
    theirs = [
        {"contact_id": "1", "contact_name": "Firm no. 2999"} | phone,
        {"contact_id": "2", "contact_name": "X"} | phone,
    ]
    with job_session(of) as session:
        session.connection()
        with rows_of_each_statement() as rows:
            reading.keep(session, of, link_id, reading.KINDS["customer"], theirs)
        found = {row.remote_id: (row.found, row.basis) for row in session.scalars(select(ImportRow))}
    assert rows[1] == MOST_ALIKE + 1
    assert found == {"1": ("matched", "phone and name"), "2": ("unsure", f"phone, like {MOST_ALIKE} more")}


def test_an_item_is_found_by_its_code_or_name_however_they_are_written(linked: LinkedFirm) -> None:
    with job_session(linked.organisation_id) as session:
        session.add(
            Item(organisation_id=linked.organisation_id, code="Ü-77", kind="part", name="Été — valve", unit_price=1)
        )
        session.flush()
        for theirs in (Known(0, name="été valve"), Known(0, code="u77", name="ÉTÉ, VALVE")):
            assert ours_like(session, "item", [theirs]).like(theirs)
        assert not ours_like(session, "item", [Known(0, name="—")]).like(Known(0, name="—"))
