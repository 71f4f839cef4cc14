"""Reminders: when a firm reminds, which steps were taken, and which invoices rest"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLES = ("reminder_plans", "reminders", "reminder_pauses")


def upgrade() -> None:
    _plans()
    _steps()
    for table in TABLES:
        op.create_index(op.f(f"ix_{table}_organisation_id"), table, ["organisation_id"])
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_organisation ON {table} TO portal_app "
            f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
        )
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO portal_app")
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    op.execute("GRANT SELECT (organisation_id, is_on, look_at) ON reminder_plans TO portal_gate")
    op.execute("CREATE POLICY gate_reads ON reminder_plans FOR SELECT TO portal_gate USING (true)")
    op.execute(
        "CREATE FUNCTION gate.due_reminders(at timestamptz) RETURNS TABLE (queue text, organisation_id bigint) "
        "LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $gate$ "
        "SELECT 'mail', p.organisation_id FROM reminder_plans p WHERE p.is_on AND p.look_at <= at $gate$"
    )
    op.execute("ALTER FUNCTION gate.due_reminders OWNER TO portal_gate")
    op.execute("REVOKE ALL ON FUNCTION gate.due_reminders FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION gate.due_reminders TO portal_app")
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")


def downgrade() -> None:
    op.execute("DROP FUNCTION gate.due_reminders")
    for table in TABLES:
        op.drop_table(table)


def _plans() -> None:
    _table(
        "reminder_plans",
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("days", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("from_hour", sa.BigInteger(), nullable=False),
        sa.Column("until_hour", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.String(500), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("organisation_id", name=op.f("uq_reminder_plans_organisation_id")),
        sa.CheckConstraint(
            "0 <= from_hour AND from_hour < until_hour AND until_hour <= 24", name=op.f("ck_reminder_plans_hours")
        ),
    )  # fmt: skip
    op.create_index(op.f("ix_reminder_plans_due"), "reminder_plans", ["look_at"], postgresql_where=sa.text("is_on"))


def _steps() -> None:
    _table(
        "reminders",
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.UniqueConstraint(
            "organisation_id", "invoice_id", "step", name=op.f("uq_reminders_organisation_id_invoice_id_step")
        ),
        _refers("reminders", "invoice_id", "invoices"), _refers("reminders", "message_id", "messages"),
    )  # fmt: skip
    _table(
        "reminder_pauses",
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        _refers("reminder_pauses", "invoice_id", "invoices"),
    )
    op.create_index(
        op.f("uq_reminder_pauses_stands"), "reminder_pauses", ["organisation_id", "invoice_id"], unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )  # fmt: skip


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id", column], [f"{to}.organisation_id", f"{to}.id"],
        name=op.f(f"fk_{table}_organisation_id_{column}"),
    )  # fmt: skip


def _table(name: str, *parts: sa.schema.SchemaItem) -> None:
    op.create_table(
        name, *parts,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{name}_organisation_id")),
    )  # fmt: skip
