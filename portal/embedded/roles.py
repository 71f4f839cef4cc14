"""The roles and databases of the embedded PostgreSQL: who owns the tables, who may only use them."""

import psycopg
from psycopg import sql

SUPERUSER = "postgres"
OWNER = "portal_owner"
RUNTIME = "portal_runtime"
MAIN_DATABASE = "portal"

# portal_app    what the running product may do; portal_runtime signs in and has it
# portal_gate   owns the few functions that look across organisations; nobody signs in as it
_ROLES = {
    OWNER: "LOGIN",
    "portal_app": "NOLOGIN",
    "portal_gate": "NOLOGIN",
    RUNTIME: "LOGIN INHERIT",
}

# The right to hand a function to portal_gate takes membership, and portal_gate's right to create in the schema.
_MEMBERSHIPS = """
    GRANT portal_app TO portal_runtime;
    GRANT portal_gate TO portal_owner WITH ADMIN OPTION;
    REVOKE CONNECT, TEMPORARY ON DATABASE postgres FROM PUBLIC;
"""

# Set in template1, so that every database made later has it.
_SCHEMA = """
    ALTER SCHEMA public OWNER TO portal_owner;
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    GRANT USAGE ON SCHEMA public TO portal_app;
    GRANT USAGE, CREATE ON SCHEMA public TO portal_gate;
"""


def prepare_cluster(socket_dir: str) -> None:
    """Make the roles and the main database unless they exist. Safe to repeat after a start that was cut short."""
    with connect(socket_dir, SUPERUSER) as connection:
        if _exists(connection, "pg_database", "datname", MAIN_DATABASE):
            return
        for role, attributes in _ROLES.items():
            if not _exists(connection, "pg_roles", "rolname", role):
                connection.execute(sql.SQL("CREATE ROLE {} " + attributes).format(sql.Identifier(role)))
        connection.execute(_MEMBERSHIPS)
    with connect(socket_dir, "template1") as connection:
        connection.execute(_SCHEMA)
    with connect(socket_dir, SUPERUSER) as connection:
        create_database(connection, MAIN_DATABASE, template=None)


def connect(socket_dir: str, database: str) -> psycopg.Connection[tuple[object, ...]]:
    """A superuser's connection, each statement its own transaction."""
    return psycopg.connect(host=socket_dir, port=5432, user=SUPERUSER, dbname=database, autocommit=True)


def _exists(connection: psycopg.Connection[tuple[object, ...]], catalogue: str, column: str, name: str) -> bool:
    question = sql.SQL("SELECT 1 FROM {} WHERE {} = %s").format(sql.Identifier(catalogue), sql.Identifier(column))
    return connection.execute(question, [name]).fetchone() is not None


def create_database(connection: psycopg.Connection[tuple[object, ...]], name: str, *, template: str | None) -> None:
    """A database of portal_owner's into which only the product's own roles may connect."""
    made_from = sql.SQL("TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
    database = sql.Identifier(name)
    connection.execute(sql.SQL("CREATE DATABASE {} OWNER portal_owner {}").format(database, made_from))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO portal_app").format(database))


def drop_database(connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    """Drop it, ending whatever is still connected."""
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
