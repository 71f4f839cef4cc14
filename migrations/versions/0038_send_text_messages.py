"""Text messages: the firm's Twilio account, and what became of each message"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLE = "sms_accounts"
STATES = "'waiting', 'sent', 'failed', 'cancelled'"


def upgrade() -> None:
    op.add_column("messages", sa.Column("channel", sa.String(10), server_default="email", nullable=False))
    op.add_column("messages", sa.Column("remote_id", sa.String(64), server_default="", nullable=False))
    op.create_check_constraint(op.f("ck_messages_channel"), "messages", "channel IN ('email', 'sms')")
    _states(f"{STATES}, 'delivered'")
    op.create_table(
        TABLE,
        sa.Column("account_sid", sa.String(40), nullable=False),
        sa.Column("token_sealed", sa.String(500), nullable=False),
        sa.Column("sender", sa.String(40), nullable=False),
        sa.Column("sms_key", sa.String(60), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{TABLE}_organisation_id")),
        sa.UniqueConstraint("organisation_id", name=op.f(f"uq_{TABLE}_organisation_id")),
        sa.UniqueConstraint("sms_key", name=op.f(f"uq_{TABLE}_sms_key")),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{TABLE}_organisation_id"), TABLE, ["organisation_id"])
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {TABLE} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {TABLE} TO portal_app")
    _gate()


def downgrade() -> None:
    op.execute("DROP FUNCTION gate.sms_account")
    op.drop_table(TABLE)
    op.execute("DELETE FROM messages WHERE channel = 'sms'")
    _states(STATES)
    op.drop_column("messages", "remote_id")
    op.drop_column("messages", "channel")


def _states(states: str) -> None:
    op.drop_constraint(op.f("ck_messages_state"), "messages", type_="check")
    op.create_check_constraint(op.f("ck_messages_state"), "messages", f"state IN ({states})")


def _gate() -> None:
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    op.execute(f"GRANT SELECT (id, organisation_id, sms_key) ON {TABLE} TO portal_gate")
    op.execute(f"CREATE POLICY gate_reads ON {TABLE} FOR SELECT TO portal_gate USING (true)")
    op.execute(
        "CREATE FUNCTION gate.sms_account(sms_key text) RETURNS bigint "
        "LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $gate$ "
        f"SELECT a.organisation_id FROM {TABLE} a WHERE a.sms_key = sms_account.sms_key $gate$"
    )
    op.execute("ALTER FUNCTION gate.sms_account OWNER TO portal_gate")
    op.execute("REVOKE ALL ON FUNCTION gate.sms_account FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION gate.sms_account TO portal_app")
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")
