"""Alembic's entry: runs migrations as the owner of the tables. The address comes from portal.shared.migrate."""

import os

from alembic import context
from sqlalchemy import create_engine

from portal.schema import metadata

url = context.config.attributes.get("url") or os.environ["MIGRATION_DATABASE_URL"]


def is_table(thing: object, _name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
    """Views are mapped for reading, but are made by hand."""
    return kind != "table" or not getattr(thing, "info", {}).get("is_view", False)


engine = create_engine(url, connect_args={"options": "-c lock_timeout=5000"})
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        compare_server_default=True,
        include_object=is_table,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
