"""A restored database knows that it is one: each link remembers which database it was used from last"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# Another cluster, another branch of its history, another database, or a table that was loaded anew. A rewritten table
# looks the same: then both sides are compared once in vain, which harms nobody.
MARK = """
    SELECT concat_ws('/', s.system_identifier, c.timeline_id, d.oid, pg_relation_filenode('public.links'))
      FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d WHERE d.datname = current_database()
"""
NOTICE = """
    UPDATE links l SET restored_at = at, database_mark = gate.database_mark()
     WHERE l.archived_at IS NULL AND l.database_mark NOT IN ('', gate.database_mark())
"""
DUE = """
    SELECT 'mirror', l.organisation_id FROM links l JOIN organisations o ON o.id = l.organisation_id
     WHERE l.archived_at IS NULL AND (l.quiet_until IS NULL OR l.quiet_until <= at)
       AND (l.lease_until IS NULL OR l.lease_until <= at)
       AND (l.setup_steps ? 'start' OR NOT l.setup_steps ? 'begun')
       AND (EXISTS (SELECT FROM reconciliations r
                     WHERE r.link_id = l.id AND r.finished_at IS NULL AND r.look_at <= at)
            {restored}OR (l.created_at < gate.night_before(at, o.time_zone, o.id)
                AND NOT EXISTS (SELECT FROM reconciliations r
                                 WHERE r.link_id = l.id AND r.created_at >= gate.night_before(at, o.time_zone, o.id))))
"""
RESTORED = """OR (l.restored_at IS NOT NULL
                AND NOT EXISTS (SELECT FROM reconciliations r
                                 WHERE r.link_id = l.id AND r.finished_at IS NULL AND r.created_at >= l.restored_at))
            """


def upgrade() -> None:
    op.add_column("links", sa.Column("database_mark", sa.String(80), server_default=sa.text("''"), nullable=False))
    op.add_column("links", sa.Column("restored_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "reconciliation_drifts", sa.Column("number", sa.String(100), server_default=sa.text("''"), nullable=False)
    )
    op.create_index("ix_reconciliation_drifts_number", "reconciliation_drifts", ["organisation_id", "module", "number"])
    op.execute("GRANT SELECT (restored_at, database_mark), UPDATE (restored_at, database_mark) ON links TO portal_gate")
    op.execute("CREATE POLICY gate_notices ON links FOR UPDATE TO portal_gate USING (true)")
    _gate("database_mark()", "text", MARK)
    _gate("notice_restored(at timestamptz)", "void", NOTICE)
    _gate("due_reconciliations(at timestamptz)", "TABLE (queue text, organisation_id bigint)",
          DUE.format(restored=RESTORED))  # fmt: skip


def _gate(signature: str, returns: str, body: str) -> None:
    name = signature.partition("(")[0]
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    op.execute(f"DROP FUNCTION IF EXISTS gate.{name}")
    op.execute(
        f"CREATE FUNCTION gate.{signature} RETURNS {returns} LANGUAGE sql SECURITY DEFINER "
        f"SET search_path = pg_catalog, public AS $gate$ {body} $gate$"
    )
    op.execute(f"ALTER FUNCTION gate.{name} OWNER TO portal_gate")
    op.execute(f"REVOKE ALL ON FUNCTION gate.{name} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION gate.{name} TO portal_app")
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")


def downgrade() -> None:
    op.execute("DROP FUNCTION gate.notice_restored")
    op.execute("DROP FUNCTION gate.database_mark")
    _gate("due_reconciliations(at timestamptz)", "TABLE (queue text, organisation_id bigint)", DUE.format(restored=""))
    op.execute("DROP POLICY gate_notices ON links")
    op.drop_column("reconciliation_drifts", "number")
    op.drop_column("links", "restored_at")
    op.drop_column("links", "database_mark")
