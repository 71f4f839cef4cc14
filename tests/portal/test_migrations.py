"""The models and the migrated database say the same."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from portal.schema import metadata
from portal.shared.migrate import is_current
from portal.shared.running import job_session
from tests.builders import Firm, make_invoice
from tests.conftest import World
from tests.migrating import run_again


def _is_table(thing: object, _name: object, kind: str, *_: object) -> bool:
    return kind != "table" or not getattr(thing, "info", {}).get("is_view", False)


def test_models_and_database_do_not_differ(world: World) -> None:
    engine = create_engine(world.owner_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "include_object": _is_table}
        )
        differences = compare_metadata(context, metadata)
    assert differences == []
    assert is_current(engine)
    engine.dispose()


def test_links_opened_before_opens_were_counted_count_as_opened_once(world: World, firm: Firm) -> None:
    """Run as the owner of the tables, to whom the firms' rows are hidden as well."""
    with job_session(firm.organisation_id) as session:
        make_invoice(session, firm)
        session.execute(text("UPDATE pay_links SET opened_at = '2026-10-01T12:00Z', last_opened_at = NULL, opens = 0"))
        session.commit()
    run_again(world, "count_opens", taken_back=False)
    with job_session(firm.organisation_id) as session:
        rows = session.execute(text("SELECT DISTINCT opens, last_opened_at = opened_at FROM pay_links")).all()
    assert [tuple(row) for row in rows] == [(1, True)]
