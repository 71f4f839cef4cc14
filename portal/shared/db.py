"""PostgreSQL: the engine, sessions that stay inside one organisation, and what every table shares."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Engine,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    MetaData,
    UniqueConstraint,
    create_engine,
    event,
    func,
    text,
)
from sqlalchemy.exc import ArgumentError, DisconnectionError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, declared_attr, mapped_column, sessionmaker

from portal.shared.errors import ConfigurationError

_TRUSTED_S = 1.0  # how long a returned connection is taken to be alive
# A process that freezes in the middle of a transaction loses it before those who wait for its locks give up.
_LOCKS = "-c idle_in_transaction_session_timeout=12000 -c lock_timeout=15000"
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {datetime: DateTime(timezone=True), int: BigInteger()}


class Tenant:
    """A row that belongs to one organisation; row-level security keeps every session inside its own."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())

    @declared_attr
    def organisation_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("organisations.id"), index=True)


def belongs_to(table: str, column: str, *, name: str | None = None) -> ForeignKeyConstraint:
    """A reference that cannot cross organisations, whatever the code does."""
    return ForeignKeyConstraint(["organisation_id", column], [f"{table}.organisation_id", f"{table}.id"], name=name)


def referenced() -> UniqueConstraint:
    """Makes a tenant table a possible target of `belongs_to`."""
    return UniqueConstraint("organisation_id", "id")


def connect(url: str, *, pool_size: int = 5) -> Engine:
    """An engine for the runtime role. Idle connections are checked before use, so a restarted database heals by itself.

    Raises ConfigurationError for an address that is none.
    """
    try:
        engine = create_engine(
            url, pool_size=pool_size, max_overflow=10, pool_recycle=1800,
            hide_parameters=True,  # an error's text goes to the log, the values are people's names and sealed secrets
            connect_args={"options": f"-c timezone=UTC -c statement_timeout=30000 {_LOCKS}"},
        )  # fmt: skip
    except (ArgumentError, ValueError) as problem:
        raise ConfigurationError(
            "DATABASE_URL cannot be read. Write it like postgresql://portal_runtime:…@host:5432/portal."
        ) from problem
    event.listen(engine, "checkin", _note_return)
    event.listen(engine, "checkout", partial(_check_when_idle, engine))
    return engine


def _note_return(_connection: Any, record: Any) -> None:
    record.info["returned_at"] = time.monotonic()


def _check_when_idle(engine: Engine, connection: Any, record: Any, _proxy: Any) -> None:
    """A busy process spares itself a round trip per request: what answered a moment ago is there still.

    Raises DisconnectionError, on which the pool takes another connection.
    """
    returned_at = record.info.get("returned_at")
    if returned_at is None or time.monotonic() - returned_at < _TRUSTED_S:
        return
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as problem:
        raise DisconnectionError from problem


def session_factory(engine: Engine) -> sessionmaker[Session]:
    return sessionmaker(engine, expire_on_commit=False, autoflush=True)


def enter(session: Session, organisation_id: int) -> None:
    """Keep `session` inside this organisation from now on, in this transaction and the next ones."""
    note_entered(session, organisation_id)
    if session.in_transaction():
        session.execute(_ENTER, {"id": str(organisation_id)})


def note_entered(session: Session, organisation_id: int) -> None:
    """For a statement that has itself entered the organisation: the session's later transactions follow."""
    session.info["organisation_id"] = organisation_id


_ENTER = text("SELECT set_config('app.organisation_id', :id, true)")


@event.listens_for(Session, "after_begin")
def _enter_again(session: Session, _transaction: Any, connection: Any) -> None:
    organisation_id = session.info.get("organisation_id")
    if organisation_id is not None:
        connection.execute(_ENTER, {"id": str(organisation_id)})


@contextmanager
def work_in(factory: sessionmaker[Session], organisation_id: int | None) -> Iterator[Session]:
    """A session for a job: inside one organisation, committed at the end, rolled back on any error."""
    with factory() as session:
        if organisation_id is not None:
            enter(session, organisation_id)
        yield session
        session.commit()


_WHO_ARE_WE = text(
    "SELECT current_user AS name, rolsuper OR rolbypassrls AS powerful, "
    "pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE relname = 'organisations' LIMIT 1),"
    " 'member') AS owner FROM pg_roles WHERE rolname = current_user"
)


def refuse_powerful_role(engine: Engine) -> None:
    """Raises ConfigurationError when DATABASE_URL names a role that row-level security would not hold, or nobody."""
    try:
        with engine.connect() as connection:
            row = connection.execute(_WHO_ARE_WE).one()
    except OperationalError as problem:
        raise ConfigurationError(
            "DATABASE_URL does not answer. Check host, port, user and password, and that PostgreSQL is running."
        ) from problem
    if row.powerful or row.owner:
        raise ConfigurationError(
            f"DATABASE_URL signs in as {row.name}, whom row-level security does not hold. "
            "Use a role that is only a member of portal_app."
        )
