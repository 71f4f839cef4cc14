"""Refunds and disputes: amounts are only ever added; how Stripe and the bank answer is kept beside them"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
USES = """
    CREATE OR REPLACE VIEW payment_uses WITH (security_invoker = true) AS
    SELECT p.id AS payment_id, p.organisation_id, p.customer_id, p.currency, p.amount_minor,
           COALESCE(a.minor, 0) AS allocated_minor, COALESCE(r.minor, 0) AS reversed_minor,
           p.amount_minor - COALESCE(a.minor, 0) - COALESCE(r.minor, 0){less} AS unused_minor{more}
      FROM payments p
      LEFT JOIN LATERAL (
        SELECT sum(al.amount_minor)::bigint AS minor FROM allocations al WHERE al.payment_id = p.id
      ) a ON true
      LEFT JOIN LATERAL (
        SELECT sum(re.amount_minor)::bigint AS minor FROM payment_reversals re WHERE re.payment_id = p.id
      ) r ON true{joined}"""
REFUNDED = """
      LEFT JOIN LATERAL (
        SELECT sum(rf.amount_minor)::bigint AS minor FROM refunds rf
         WHERE rf.payment_id = p.id AND rf.state IN ('planned', 'pending', 'succeeded')
      ) f ON true"""


def upgrade() -> None:
    _refunds()
    _disputes()
    for table in ("refunds", "disputes"):
        op.create_index(op.f(f"ix_{table}_organisation_id"), table, ["organisation_id"])
        op.create_index(op.f(f"ix_{table}_payment_id"), table, ["payment_id"])
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_organisation ON {table} TO portal_app "
            f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
        )
    op.execute("GRANT SELECT, INSERT, UPDATE (state, remote_id, look_at, tries, last_error) ON refunds TO portal_app")
    op.execute("GRANT SELECT, INSERT, UPDATE ON disputes TO portal_app")
    op.add_column("allocations", sa.Column("refund_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_allocations_organisation_id_refund_id"), "allocations", "refunds",
        ["organisation_id", "refund_id"], ["organisation_id", "id"],
    )  # fmt: skip
    op.execute(
        USES.format(
            less=" - COALESCE(f.minor, 0)", more=", COALESCE(f.minor, 0) AS refunded_minor", joined=REFUNDED
        )
    )  # fmt: skip
    # Looked at when the transaction ends: a refund and what it takes from invoices are several rows.
    for table in ("allocations", "payment_reversals", "refunds"):
        op.execute(f"DROP TRIGGER IF EXISTS keep_payment_whole ON {table}")
        op.execute(
            f"CREATE CONSTRAINT TRIGGER keep_payment_whole AFTER INSERT OR UPDATE ON {table} "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION keep_payment_whole()"
        )
    _gate()


def _gate() -> None:
    """The sweeper looks across firms for refunds that Stripe has not answered yet."""
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    op.execute("GRANT SELECT (organisation_id, state, look_at) ON refunds TO portal_gate")
    op.execute("CREATE POLICY gate_reads ON refunds FOR SELECT TO portal_gate USING (true)")
    op.execute(
        "CREATE FUNCTION gate.due_refunds(at timestamptz) RETURNS TABLE (queue text, organisation_id bigint) "
        "LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $gate$ "
        "SELECT DISTINCT 'payments', r.organisation_id FROM refunds r "
        "WHERE r.state IN ('planned', 'pending') AND r.look_at <= at $gate$"
    )
    op.execute("ALTER FUNCTION gate.due_refunds OWNER TO portal_gate")
    op.execute("REVOKE ALL ON FUNCTION gate.due_refunds FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION gate.due_refunds TO portal_app")
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")


def _refunds() -> None:
    _table(
        "refunds",
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("way", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("refunded_by", sa.BigInteger(), nullable=True),
        sa.Column("form_id", sa.String(60), nullable=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("remote_id", sa.String(80), nullable=True),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.String(300), nullable=False),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_refunds_organisation_id_id")),
        sa.UniqueConstraint("organisation_id", "form_id", name=op.f("uq_refunds_organisation_id_form_id")),
        sa.UniqueConstraint("organisation_id", "remote_id", name=op.f("uq_refunds_organisation_id_remote_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_refunds_public_id")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refunds_amount")),
        sa.CheckConstraint("way IN ('stripe', 'cash', 'bank_transfer')", name=op.f("ck_refunds_way")),
        sa.CheckConstraint(
            "state IN ('planned', 'pending', 'succeeded', 'failed', 'refused')", name=op.f("ck_refunds_state")
        ),
    )  # fmt: skip


def _disputes() -> None:
    _table(
        "disputes",
        sa.Column("remote_id", sa.String(80), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("reason", sa.String(60), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_minor", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("organisation_id", "remote_id", name=op.f("uq_disputes_organisation_id_remote_id")),
    )  # fmt: skip


def _table(name: str, *parts: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{name}_organisation_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "payment_id"], ["payments.organisation_id", "payments.id"],
            name=op.f(f"fk_{name}_organisation_id_payment_id"),
        ),
        *parts,
    )  # fmt: skip


def downgrade() -> None:
    op.execute("DROP FUNCTION gate.due_refunds")
    op.execute("DROP VIEW payment_uses")
    op.execute(USES.format(less="", more="", joined=""))
    op.execute("GRANT SELECT ON payment_uses TO portal_app")
    op.drop_column("allocations", "refund_id")
    for table in ("allocations", "payment_reversals"):
        op.execute(f"DROP TRIGGER keep_payment_whole ON {table}")
        op.execute(
            f"CREATE TRIGGER keep_payment_whole AFTER INSERT ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION keep_payment_whole()"
        )
    op.drop_table("disputes")
    op.drop_table("refunds")
