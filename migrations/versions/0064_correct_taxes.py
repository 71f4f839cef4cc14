"""A tax that nothing sent bears can be corrected and removed; drafts follow a rate on the day on which it begins"""

from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None

TABLES = ("taxes", "tax_rates", "tax_group_members", "tax_exemptions", "tax_authorities")
FUNCTION = "gate.rates_beginning"


def upgrade() -> None:
    for table in TABLES:
        op.execute(f"GRANT UPDATE, DELETE ON {table} TO portal_app")
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    op.execute("GRANT SELECT (organisation_id, valid_from) ON tax_rates TO portal_gate")
    op.execute("CREATE POLICY gate_reads ON tax_rates FOR SELECT TO portal_gate USING (true)")
    # Sixteen days: the fourteen by which an invoice may move the tax point, and the world's time zones.
    op.execute(
        f"CREATE FUNCTION {FUNCTION}(on_day date) RETURNS SETOF bigint "
        "LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $gate$ "
        "SELECT DISTINCT r.organisation_id FROM tax_rates r "
        "WHERE r.valid_from BETWEEN on_day - 16 AND on_day + 1 ORDER BY 1 $gate$"
    )
    op.execute(f"ALTER FUNCTION {FUNCTION} OWNER TO portal_gate")
    op.execute(f"REVOKE ALL ON FUNCTION {FUNCTION} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {FUNCTION} TO portal_app")
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")
    op.create_index("ix_tax_rates_valid_from", "tax_rates", ["valid_from"])


def downgrade() -> None:
    op.drop_index("ix_tax_rates_valid_from", "tax_rates")
    op.execute(f"DROP FUNCTION {FUNCTION}")
    op.execute("DROP POLICY gate_reads ON tax_rates")
    op.execute("REVOKE SELECT (organisation_id, valid_from) ON tax_rates FROM portal_gate")
    for table in TABLES:
        op.execute(f"REVOKE DELETE ON {table} FROM portal_app")
    op.execute("REVOKE UPDATE ON tax_group_members FROM portal_app")
