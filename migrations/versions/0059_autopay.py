"""Autopay: whose later invoices are charged by themselves, and what becomes of each"""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
STANDS, WAITS = sa.text("ended_at IS NULL"), sa.text("state = 'waiting'")


def upgrade() -> None:
    _table(
        "autopays", {"customer_id": "customers", "saved_card_id": "saved_cards"},
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(10), server_default=sa.text("''"), nullable=False),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_autopays_organisation_id_id")),
    )  # fmt: skip
    op.create_index(op.f("ix_autopays_saved_card_id"), "autopays", ["saved_card_id"])
    op.create_index("uq_autopays_stands", "autopays", ["customer_id"], unique=True, postgresql_where=STANDS)
    op.create_index("ix_autopays_due", "autopays", ["look_at"], postgresql_where=STANDS)
    _table(
        "autopay_runs", {"autopay_id": "autopays", "invoice_id": "invoices", "message_id": "messages"},
        sa.Column("announced_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("charge_on", sa.Date(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("state", sa.String(10), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("words", sa.String(300), server_default=sa.text("''"), nullable=False),
        sa.UniqueConstraint("organisation_id", "invoice_id", name=op.f("uq_autopay_runs_organisation_id_invoice_id")),
        sa.CheckConstraint("state IN ('waiting', 'stopped', 'done')", name=op.f("ck_autopay_runs_state")),
        sa.CheckConstraint("announced_minor > 0", name=op.f("ck_autopay_runs_announced")),
    )  # fmt: skip
    op.alter_column("autopay_runs", "message_id", nullable=True)
    op.create_index(op.f("ix_autopay_runs_autopay_id"), "autopay_runs", ["autopay_id"])
    op.create_index("ix_autopay_runs_due", "autopay_runs", ["next_try_at"], postgresql_where=WAITS)
    _gate()


def _gate() -> None:
    """The sweeper looks across firms for invoices to announce and for those to charge."""
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    op.execute("GRANT SELECT (organisation_id, look_at, ended_at) ON autopays TO portal_gate")
    op.execute("GRANT SELECT (organisation_id, next_try_at, state) ON autopay_runs TO portal_gate")
    for table in ("autopays", "autopay_runs"):
        op.execute(f"CREATE POLICY gate_reads ON {table} FOR SELECT TO portal_gate USING (true)")
    op.execute(
        "CREATE FUNCTION gate.due_autopays(at timestamptz) RETURNS TABLE (queue text, organisation_id bigint) "
        "LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $gate$ "
        "SELECT 'payments', a.organisation_id FROM autopays a WHERE a.ended_at IS NULL AND a.look_at <= at "
        "UNION SELECT 'payments', r.organisation_id FROM autopay_runs r "
        "WHERE r.state = 'waiting' AND r.next_try_at <= at $gate$"
    )
    op.execute("ALTER FUNCTION gate.due_autopays OWNER TO portal_gate")
    op.execute("REVOKE ALL ON FUNCTION gate.due_autopays FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION gate.due_autopays TO portal_app")
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")


def _table(name: str, parents: dict[str, str], *parts: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        *(sa.Column(column, sa.BigInteger(), nullable=False) for column in parents),
        *parts,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{name}_organisation_id")),
        *(
            sa.ForeignKeyConstraint(
                ["organisation_id", column], [f"{parent}.organisation_id", f"{parent}.id"],
                name=op.f(f"fk_{name}_organisation_id_{column}"),
            )
            for column, parent in parents.items()
        ),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{name}_organisation_id"), name, ["organisation_id"])
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {name} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {name} TO portal_app")


def downgrade() -> None:
    op.execute("DROP FUNCTION gate.due_autopays")
    op.drop_table("autopay_runs")
    op.drop_table("autopays")
