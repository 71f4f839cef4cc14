"""Read Stripe's own record of events now and then: a webhook that is down loses nothing"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

NOW, SOON = sa.text("clock_timestamp()"), sa.text("(clock_timestamp() + '01:00:00'::interval)")


def upgrade() -> None:
    table = "stripe_accounts"
    op.add_column(table, sa.Column("events_read_to", sa.DateTime(timezone=True), server_default=NOW, nullable=False))
    op.add_column(table, sa.Column("next_sweep_at", sa.DateTime(timezone=True), server_default=SOON, nullable=False))
    op.add_column(table, sa.Column("missed_events", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column(table, sa.Column("sweep_problem", sa.String(300), server_default=sa.text("''"), nullable=False))
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    op.execute("GRANT SELECT (next_sweep_at) ON stripe_accounts TO portal_gate")
    op.execute(
        "CREATE FUNCTION gate.due_sweeps(at timestamptz) RETURNS TABLE (queue text, organisation_id bigint) "
        "LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $gate$ "
        "SELECT 'payments', a.organisation_id FROM stripe_accounts a "
        "WHERE a.closed_at IS NULL AND a.next_sweep_at <= at $gate$"
    )
    op.execute("ALTER FUNCTION gate.due_sweeps OWNER TO portal_gate")
    op.execute("REVOKE ALL ON FUNCTION gate.due_sweeps FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION gate.due_sweeps TO portal_app")
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")


def downgrade() -> None:
    op.execute("DROP FUNCTION gate.due_sweeps")
    for column in ("sweep_problem", "missed_events", "next_sweep_at", "events_read_to"):
        op.drop_column("stripe_accounts", column)
