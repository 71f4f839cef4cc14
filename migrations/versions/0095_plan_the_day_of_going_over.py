"""The day on which a firm goes over to another organisation, set in advance; its consent is kept until then"""

import sqlalchemy as sa
from alembic import op

revision = "0095"
down_revision = "0094"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLE = "planned_switches"
DUE = "gate.due_switches"
DUE_SWITCHES = f"SELECT 'mirror', p.organisation_id FROM {TABLE} p WHERE p.ended_at IS NULL AND p.next_look_at <= at"
UNUSED = """
    SELECT DISTINCT 'mirror', c.organisation_id FROM zoho_consents c
     WHERE c.revoked_at IS NULL AND c.lost_at IS NULL AND c.created_at <= at - interval '1 hour'
       AND NOT EXISTS (SELECT FROM links l WHERE l.organisation_id = c.organisation_id AND l.consent_id = c.id
                          AND l.archived_at IS NULL){planned}
       AND (c.created_at <= at - interval '1 day'
            OR EXISTS (SELECT FROM zoho_consents n WHERE n.organisation_id = c.organisation_id AND n.id > c.id))"""
PLANNED = f"""
       AND NOT EXISTS (SELECT FROM {TABLE} p WHERE p.organisation_id = c.organisation_id AND p.consent_id = c.id
                          AND p.ended_at IS NULL)"""
READ = "(organisation_id, consent_id, next_look_at, ended_at)"
# The asker's own row-level security holds in it, as in shut_out_of_books(): administrators read it on every page.
MOVE = f"SELECT p.cut_over_on::text || ' ' || p.remote_name FROM {TABLE} p WHERE p.ended_at IS NULL"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("consent_id", sa.BigInteger(), nullable=False),
        sa.Column("product", sa.String(10), nullable=False),
        sa.Column("remote_organisation_id", sa.String(20), nullable=False),
        sa.Column("remote_name", sa.String(200), nullable=False),
        sa.Column("is_new", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("cut_over_on", sa.Date(), nullable=False),
        sa.Column("planned_by", sa.BigInteger()),
        sa.Column("next_look_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True)),
        sa.Column("problem", sa.String(300), server_default=sa.text("''"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("outcome", sa.String(10), server_default=sa.text("''"), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("product IN ('books', 'invoice')", name=op.f(f"ck_{TABLE}_product")),
        sa.CheckConstraint("outcome IN ('', 'gone over', 'called off')", name=op.f(f"ck_{TABLE}_outcome")),
        sa.CheckConstraint("(ended_at IS NULL) = (outcome = '')", name=op.f(f"ck_{TABLE}_ended")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{TABLE}_organisation_id")),
        *(sa.ForeignKeyConstraint(
            ["organisation_id", column], [f"{table}.organisation_id", f"{table}.id"],
            name=op.f(f"fk_{TABLE}_organisation_id_{column}"))
          for table, column in (("links", "link_id"), ("zoho_consents", "consent_id"))),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{TABLE}_organisation_id"), TABLE, ["organisation_id"])
    op.create_index(
        f"uq_{TABLE}_open", TABLE, ["organisation_id"], unique=True, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {TABLE} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {TABLE} TO portal_app")
    op.execute(f"GRANT SELECT {READ} ON {TABLE} TO portal_gate")
    op.execute(f"CREATE POLICY gate_reads ON {TABLE} FOR SELECT TO portal_gate USING (true)")
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    _gate("gate.due_consents", UNUSED.format(planned=PLANNED), "OR REPLACE ")
    _gate(DUE, DUE_SWITCHES)
    op.execute(f"ALTER FUNCTION {DUE} OWNER TO portal_gate")
    op.execute(f"REVOKE ALL ON FUNCTION {DUE} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {DUE} TO portal_app")
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")
    op.execute(
        "CREATE FUNCTION books_to_move() RETURNS text LANGUAGE sql STABLE "
        f"SET search_path = pg_catalog, public AS $books$ {MOVE} $books$"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION books_to_move()")
    op.execute(f"DROP FUNCTION {DUE}")
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    _gate("gate.due_consents", UNUSED.format(planned=""), "OR REPLACE ")
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")
    op.drop_table(TABLE)


def _gate(name: str, query: str, again: str = "") -> None:
    op.execute(
        f"CREATE {again}FUNCTION {name}(at timestamptz) RETURNS TABLE (queue text, organisation_id bigint) "
        f"LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $gate$ {query} $gate$"
    )
