"""A migration run once more over rows that are there, as the owner of the tables, to whom they are hidden as well."""

import importlib.util
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine

from tests.conftest import World

ROOT = Path(__file__).resolve().parents[1] / "migrations"


def run_again(world: World, name: str, *, taken_back: bool = True) -> None:
    """name: of its file, without the number. taken_back: it is undone first."""
    (path,) = (ROOT / "versions").glob(f"*_{name}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    spec.loader.exec_module(module := importlib.util.module_from_spec(spec))
    engine = create_engine(world.owner_url)
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        if taken_back:
            module.downgrade()
        module.upgrade()
    engine.dispose()
