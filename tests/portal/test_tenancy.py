"""No firm reaches another's rows: tried on every table, in raw SQL, as the role that the product runs as."""

import pytest
from sqlalchemy import Engine, create_engine, text

from portal.schema import metadata
from portal.shared.errors import ConfigurationError
from portal.shared.running import here, job_session
from tests.builders import Firm, make_firm, make_invoice
from tests.conftest import World

WITHOUT_FIRM = {"throttles", "alembic_version"}  # hashed keys only; the version of the schema
TENANT_TABLES = sorted(
    name for name, table in metadata.tables.items() if name not in WITHOUT_FIRM and not table.info.get("is_view")
)
CREDIT = ("credit_notes", "credit_note_lines", "credit_note_taxes", "credit_applications", "credit_refunds")


@pytest.fixture(scope="module")
def firms(world: World) -> tuple[Firm, Firm]:
    """Two firms with an invoice each, so that most tables hold rows of both."""
    both = make_firm(), make_firm(name="Rival Plumbing")
    for firm in both:
        with job_session(firm.organisation_id) as session:
            make_invoice(session, firm, email="someone@example.com")
    return both


def _column(table: str) -> str:
    return "id" if table == "organisations" else "organisation_id"


def _count(engine: Engine, table: str, inside: int | None, of: int) -> int:
    with engine.connect() as connection:
        if inside is not None:
            connection.execute(text("SELECT set_config('app.organisation_id', :id, true)"), {"id": str(inside)})
        query = f"SELECT count(*) FROM {table} WHERE {_column(table)} = :of"
        return int(connection.execute(text(query), {"of": of}).scalar_one())


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_rows_of_another_firm_are_not_there(firms: tuple[Firm, Firm], table: str) -> None:
    ours, theirs = firms[0].organisation_id, firms[1].organisation_id
    assert _count(here().engine, table, inside=ours, of=theirs) == 0
    assert _count(here().engine, table, inside=None, of=theirs) == 0


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_row_level_security_is_forced(world: World, table: str) -> None:
    engine = create_engine(world.superuser_url)
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = :name AND relkind = 'r'"),
            {"name": table},
        ).one()
    engine.dispose()
    assert tuple(row) == (True, True)


def test_the_two_firms_really_have_rows(firms: tuple[Firm, Firm], world: World) -> None:
    for table in ("customers", "invoices", "invoice_lines", "work_orders", "pay_links", "people", "audit_entries"):
        for firm in firms:
            assert _count(here().engine, table, firm.organisation_id, firm.organisation_id) > 0, table


@pytest.mark.parametrize("table", TENANT_TABLES)
def test_rows_of_another_firm_cannot_be_changed(firms: tuple[Firm, Firm], table: str) -> None:
    with here().engine.connect() as connection:
        connection.execute(
            text("SELECT set_config('app.organisation_id', :id, true)"), {"id": str(firms[0].organisation_id)}
        )
        privileges = connection.execute(
            text(
                "SELECT has_table_privilege(current_user, :t, 'UPDATE'),"
                " has_table_privilege(current_user, :t, 'DELETE')"
            ),
            {"t": table},
        ).one()
        column, of = _column(table), {"of": firms[1].organisation_id}
        if privileges[0]:
            changed = connection.execute(text(f"UPDATE {table} SET {column} = {column} WHERE {column} = :of"), of)
            assert changed.rowcount == 0
        if privileges[1]:
            assert connection.execute(text(f"DELETE FROM {table} WHERE {column} = :of"), of).rowcount == 0


def test_a_row_cannot_be_planted_in_another_firm(firms: tuple[Firm, Firm]) -> None:
    with pytest.raises(Exception, match="row-level security"), job_session(firms[0].organisation_id) as session:
        session.execute(
            text("INSERT INTO number_series (organisation_id, series, prefix, next_number) VALUES (:of, 'x', 'X', 1)"),
            {"of": firms[1].organisation_id},
        )


def test_a_reference_cannot_cross_firms(firms: tuple[Firm, Firm]) -> None:
    with pytest.raises(Exception, match="foreign key"), job_session(firms[0].organisation_id) as session:
        session.execute(
            text("INSERT INTO contacts (organisation_id, customer_id, first_name, last_name, email, phone, is_primary)"
                 " VALUES (:ours, :theirs, '', '', '', '', false)"),
            {"ours": firms[0].organisation_id, "theirs": firms[1].customer_id},
        )  # fmt: skip


@pytest.mark.parametrize(
    "table",
    [
        "payments",
        "allocations",
        "payment_reversals",
        "refunds",
        "cash_hand_ins",
        "cash_counts",
        "cash_count_reversals",
        "cash_repayments",
        "card_releases",
        "audit_entries",
        "reconciliation_months",
        "reconciliation_drifts",
        *CREDIT,
    ],
)
def test_money_and_the_trail_are_only_added_to(world: World, table: str) -> None:
    with here().engine.connect() as connection:
        for verb in ("UPDATE", "DELETE", "TRUNCATE"):
            question = text("SELECT has_table_privilege(current_user, :table, :verb)")
            assert connection.execute(question, {"table": table, "verb": verb}).scalar_one() is False


def test_the_runtime_role_cannot_change_the_schema(world: World) -> None:
    with pytest.raises(Exception, match=r"permission denied|must be owner"), here().engine.begin() as connection:
        connection.execute(text("ALTER TABLE customers DISABLE ROW LEVEL SECURITY"))


def test_the_program_refuses_to_run_as_a_powerful_role(world: World) -> None:
    from portal.shared.db import refuse_powerful_role

    for url in (world.owner_url, world.superuser_url):
        engine = create_engine(url)
        with pytest.raises(ConfigurationError, match="DATABASE_URL"):
            refuse_powerful_role(engine)
        engine.dispose()
