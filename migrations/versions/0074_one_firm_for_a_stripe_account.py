"""Whether another firm takes its payments with a Stripe account: asked across firms, answered by yes or no"""

from alembic import op

revision = "0074"
down_revision = "0073"
branch_labels = None
depends_on = None

NAME = "gate.is_stripe_account_elsewhere(remote_id text, organisation_id bigint)"


def upgrade() -> None:
    op.execute("GRANT SELECT (remote_id) ON stripe_accounts TO portal_gate")
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    op.execute(
        f"CREATE FUNCTION {NAME} RETURNS boolean "
        "LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $gate$ "
        "SELECT EXISTS (SELECT FROM stripe_accounts s WHERE s.closed_at IS NULL"
        " AND s.remote_id = is_stripe_account_elsewhere.remote_id"
        " AND s.organisation_id <> is_stripe_account_elsewhere.organisation_id) $gate$"
    )
    op.execute(f"ALTER FUNCTION {NAME} OWNER TO portal_gate")
    op.execute(f"REVOKE ALL ON FUNCTION {NAME} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {NAME} TO portal_app")
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {NAME}")
    op.execute("REVOKE SELECT (remote_id) ON stripe_accounts FROM portal_gate")
