"""The set-up in rows: what was wished for before the consent, and the first import, record by record"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
WISHES = ("oauth_states", "zoho_consents")


def upgrade() -> None:
    for table in WISHES:
        op.add_column(table, sa.Column("wish", sa.String(10), server_default=sa.text("''"), nullable=False))
        op.add_column(table, sa.Column("wished_name", sa.String(200), server_default=sa.text("''"), nullable=False))
    _import_rows()
    _owners_of_secrets()


def _import_rows() -> None:
    op.create_table(
        "import_rows",
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("module", sa.String(20), nullable=False),
        sa.Column("remote_id", sa.String(40), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("found", sa.String(10), nullable=False),
        sa.Column("basis", sa.String(60), nullable=False),
        sa.Column("local_id", sa.BigInteger(), nullable=True),
        sa.Column("decision", sa.String(10), nullable=False),
        sa.Column("problem", sa.String(300), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_rows")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_import_rows_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "link_id"], ["links.organisation_id", "links.id"],
            name=op.f("fk_import_rows_organisation_id_link_id"),
        ),
        sa.UniqueConstraint("link_id", "module", "remote_id", name=op.f("uq_import_rows_link_id_module_remote_id")),
        sa.CheckConstraint("found IN ('new', 'matched', 'unsure')", name=op.f("ck_import_rows_found")),
        sa.CheckConstraint("decision IN ('', 'same', 'new', 'skip')", name=op.f("ck_import_rows_decision")),
    )  # fmt: skip
    op.create_index(op.f("ix_import_rows_organisation_id"), "import_rows", ["organisation_id"])
    op.execute("ALTER TABLE import_rows ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE import_rows FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY own_organisation ON import_rows TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON import_rows TO portal_app")


def _owners_of_secrets() -> None:
    """Whoever rotates the keys must know whose rows to open; it learns numbers of organisations, and nothing else."""
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    op.execute("GRANT SELECT (id) ON organisations TO portal_gate")
    op.execute("CREATE POLICY gate_reads ON organisations FOR SELECT TO portal_gate USING (true)")
    op.execute(
        "CREATE FUNCTION gate.every_organisation() RETURNS SETOF bigint LANGUAGE sql SECURITY DEFINER "
        "SET search_path = pg_catalog, public AS $gate$ SELECT o.id FROM organisations o ORDER BY o.id $gate$"
    )
    op.execute("ALTER FUNCTION gate.every_organisation OWNER TO portal_gate")
    op.execute("REVOKE ALL ON FUNCTION gate.every_organisation FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION gate.every_organisation TO portal_app")
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")


def downgrade() -> None:
    op.execute("DROP FUNCTION gate.every_organisation")
    op.execute("DROP POLICY gate_reads ON organisations")
    op.drop_table("import_rows")
    for table in WISHES:
        op.drop_column(table, "wished_name")
        op.drop_column(table, "wish")
