"""The firm's logo, kept for pages and for paper"""

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"


def upgrade() -> None:
    op.add_column("organisations", sa.Column("logo", sa.String(80), server_default="", nullable=False))
    op.create_table(
        "logos",
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("preview", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logos")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_logos_organisation_id")),
        sa.UniqueConstraint("organisation_id", "name", name=op.f("uq_logos_organisation_id_name")),
    )  # fmt: skip
    op.create_index(op.f("ix_logos_organisation_id"), "logos", ["organisation_id"])
    op.create_index("ix_logos_name", "logos", ["name"])
    op.execute("ALTER TABLE logos ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE logos FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY own_organisation ON logos TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute("GRANT SELECT, INSERT ON logos TO portal_app")
    op.execute("GRANT SELECT (name, preview) ON logos TO portal_gate")
    op.execute("CREATE POLICY gate_reads ON logos FOR SELECT TO portal_gate USING (true)")
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    # Two firms with the very same picture have the very same bytes: either row will do.
    op.execute(
        "CREATE FUNCTION gate.logo(wanted text) RETURNS bytea LANGUAGE sql STABLE SECURITY DEFINER "
        "SET search_path = pg_catalog, public AS $gate$ SELECT l.preview FROM logos l WHERE l.name = wanted LIMIT 1 $gate$"
    )
    op.execute("ALTER FUNCTION gate.logo OWNER TO portal_gate")
    op.execute("REVOKE ALL ON FUNCTION gate.logo FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION gate.logo TO portal_app")
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")


def downgrade() -> None:
    op.execute("DROP FUNCTION gate.logo")
    op.drop_table("logos")
    op.drop_column("organisations", "logo")
