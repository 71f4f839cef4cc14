"""The first import is done by the workers, within the minute's calls, while nobody holds the page open"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

NOTHING = sa.text("''")
DUE = """
    SELECT 'mirror', l.organisation_id FROM links l
     WHERE l.archived_at IS NULL AND l.importing <> ''
       AND (l.quiet_until IS NULL OR l.quiet_until <= at) AND (l.lease_until IS NULL OR l.lease_until <= at)"""


def upgrade() -> None:
    op.add_column("links", sa.Column("importing", sa.String(10), server_default=NOTHING, nullable=False))
    op.add_column("links", sa.Column("import_problem", sa.String(300), server_default=NOTHING, nullable=False))
    op.execute("GRANT SELECT (importing) ON links TO portal_gate")
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    op.execute(
        "CREATE FUNCTION gate.due_imports(at timestamptz) RETURNS TABLE (queue text, organisation_id bigint) "
        f"LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $gate$ {DUE} $gate$"
    )
    op.execute("ALTER FUNCTION gate.due_imports OWNER TO portal_gate")
    op.execute("REVOKE ALL ON FUNCTION gate.due_imports FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION gate.due_imports TO portal_app")
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")


def downgrade() -> None:
    op.execute("DROP FUNCTION gate.due_imports")
    op.drop_column("links", "import_problem")
    op.drop_column("links", "importing")
