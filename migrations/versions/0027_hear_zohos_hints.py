"""Where Zoho may say that something changed there"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("links", sa.Column("hint_key", sa.String(60), server_default=sa.text("''"), nullable=False))
    op.create_index("uq_links_hint_key", "links", ["hint_key"], unique=True, postgresql_where=sa.text("hint_key <> ''"))
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    op.execute("GRANT SELECT (hint_key) ON links TO portal_gate")
    op.execute(
        "CREATE FUNCTION gate.hinted_link(key text) RETURNS TABLE (organisation_id bigint, link_id bigint) "
        "LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $gate$ "
        "SELECT l.organisation_id, l.id FROM links l "
        "WHERE key <> '' AND l.hint_key = key AND l.archived_at IS NULL $gate$"
    )
    op.execute("ALTER FUNCTION gate.hinted_link OWNER TO portal_gate")
    op.execute("REVOKE ALL ON FUNCTION gate.hinted_link FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION gate.hinted_link TO portal_app")
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")


def downgrade() -> None:
    op.execute("DROP FUNCTION gate.hinted_link")
    op.drop_column("links", "hint_key")
