"""The models and the migrated database say the same."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from portal.schema import metadata
from portal.shared.migrate import is_current
from tests.conftest import World


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
