"""A Stripe account that was replaced is still listened to, until the firm removes it"""

import sqlalchemy as sa
from alembic import op

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None

HEARD, SWEPT = "s.endpoint_key = stripe_endpoint.endpoint_key", "a.next_sweep_at <= at"


def upgrade() -> None:
    op.add_column("stripe_accounts", sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("GRANT SELECT (removed_at) ON stripe_accounts TO portal_gate")
    _gate("removed_at")


def downgrade() -> None:
    _gate("closed_at")
    op.drop_column("stripe_accounts", "removed_at")


def _gate(ends_with: str) -> None:
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    op.execute(
        "CREATE OR REPLACE FUNCTION gate.stripe_endpoint(endpoint_key text) "
        "RETURNS TABLE (organisation_id bigint, stripe_account_id bigint) "
        "LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $gate$ "
        f"SELECT s.organisation_id, s.id FROM stripe_accounts s WHERE {HEARD} AND s.{ends_with} IS NULL $gate$"
    )
    op.execute(
        "CREATE OR REPLACE FUNCTION gate.due_sweeps(at timestamptz) "
        "RETURNS TABLE (queue text, organisation_id bigint) "
        "LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $gate$ "
        f"SELECT 'payments', a.organisation_id FROM stripe_accounts a WHERE a.{ends_with} IS NULL AND {SWEPT} $gate$"
    )
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")
