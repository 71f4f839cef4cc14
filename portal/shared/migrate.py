"""Bring a database to the newest migration."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine

_FOLDER = Path(__file__).resolve().parents[2] / "migrations"


def upgrade(owner_url: str) -> None:
    """Run what is missing, as the role that owns the tables (never the runtime role)."""
    command.upgrade(_config(owner_url), "head")


def is_current(engine: Engine) -> bool:
    """True when the database stands at the newest migration this code knows."""
    with engine.connect() as connection:
        at = MigrationContext.configure(connection).get_current_revision()
    return at == ScriptDirectory(str(_FOLDER)).get_current_head()


def upgrade_if_needed(owner_url: str) -> None:
    """The same, without Alembic's start-up work where nothing is to be done."""
    engine = create_engine(owner_url)
    try:
        if not is_current(engine):
            upgrade(owner_url)
    finally:
        engine.dispose()


def _config(owner_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["url"] = owner_url
    return config
