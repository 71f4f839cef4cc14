"""What Stripe pays out, and of which payments it is made"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"


def upgrade() -> None:
    accounts = "stripe_accounts"
    op.add_column(accounts, sa.Column("payouts_read_to", sa.DateTime(timezone=True), nullable=True))
    op.add_column(accounts, sa.Column("payout_problem", sa.String(300), server_default=sa.text("''"), nullable=False))
    op.add_column(accounts, sa.Column("listens_to", sa.String(16), server_default=sa.text("''"), nullable=False))
    _payouts()
    _entries()
    op.execute("GRANT SELECT, INSERT, UPDATE ON payouts TO portal_app")
    op.execute("GRANT SELECT, INSERT ON payout_entries TO portal_app")
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    op.execute("GRANT SELECT (organisation_id, look_at) ON payouts TO portal_gate")
    op.execute("CREATE POLICY gate_reads ON payouts FOR SELECT TO portal_gate USING (true)")
    op.execute(
        "CREATE FUNCTION gate.due_payouts(at timestamptz) RETURNS TABLE (queue text, organisation_id bigint) "
        "LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $gate$ "
        "SELECT DISTINCT 'payments', p.organisation_id FROM payouts p WHERE p.look_at <= at $gate$"
    )
    op.execute("ALTER FUNCTION gate.due_payouts OWNER TO portal_gate")
    op.execute("REVOKE ALL ON FUNCTION gate.due_payouts FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION gate.due_payouts TO portal_app")
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")


def _payouts() -> None:
    _table(
        "payouts", "stripe_account_id", "stripe_accounts",
        sa.Column("remote_id", sa.String(80), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("arrives_on", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_automatic", sa.Boolean(), nullable=False),
        sa.Column("is_complete", sa.Boolean(), nullable=False),
        sa.Column("why", sa.String(100), nullable=False),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_payouts_organisation_id_id")),
        sa.CheckConstraint(
            "state IN ('pending', 'in_transit', 'paid', 'failed', 'canceled')", name=op.f("ck_payouts_state")
        ),
    )  # fmt: skip
    op.create_index("ix_payouts_look_at", "payouts", ["look_at"], postgresql_where=sa.text("look_at IS NOT NULL"))


def _entries() -> None:
    table = "payout_entries"
    _table(
        table, "payout_id", "payouts",
        sa.Column("remote_id", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.String(200), nullable=False),
        sa.Column("remote_payment_id", sa.String(80), nullable=False),
        sa.Column("source_id", sa.String(80), nullable=False),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{table}_payout_id"), table, ["payout_id"])
    op.create_index(f"ix_{table}_payment", table, ["organisation_id", "remote_payment_id"])
    op.create_index(f"ix_{table}_source", table, ["organisation_id", "source_id"])


def _table(name: str, parent_id: str, parent: str, *more: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column(parent_id, sa.BigInteger(), nullable=False),
        *more,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.UniqueConstraint("organisation_id", "remote_id", name=op.f(f"uq_{name}_organisation_id_remote_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{name}_organisation_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id", parent_id], [f"{parent}.organisation_id", f"{parent}.id"],
            name=op.f(f"fk_{name}_organisation_id_{parent_id}"),
        ),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{name}_organisation_id"), name, ["organisation_id"])
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {name} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION gate.due_payouts")
    op.drop_table("payout_entries")
    op.drop_table("payouts")
    for column in ("listens_to", "payout_problem", "payouts_read_to"):
        op.drop_column("stripe_accounts", column)
