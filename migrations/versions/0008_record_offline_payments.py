"""Payments that staff record, and their reversal; what is left of each payment is computed, and never below nothing"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"


def upgrade() -> None:
    op.add_column("payments", sa.Column("form_id", sa.String(40), nullable=True))
    op.add_column("payments", sa.Column("taken_by", sa.BigInteger(), nullable=True))
    op.add_column("payments", sa.Column("tendered_minor", sa.BigInteger(), nullable=True))
    op.create_unique_constraint(
        op.f("uq_payments_organisation_id_form_id"), "payments", ["organisation_id", "form_id"]
    )  # fmt: skip
    op.create_foreign_key(
        op.f("fk_payments_organisation_id_taken_by"), "payments", "people",
        ["organisation_id", "taken_by"], ["organisation_id", "id"],
    )  # fmt: skip
    _reversals()
    # security_invoker: the view sees what its reader may see, so row-level security holds through it.
    op.execute("""
        CREATE VIEW payment_uses WITH (security_invoker = true) AS
        SELECT p.id AS payment_id, p.organisation_id, p.customer_id, p.currency, p.amount_minor,
               COALESCE(a.minor, 0) AS allocated_minor, COALESCE(r.minor, 0) AS reversed_minor,
               p.amount_minor - COALESCE(a.minor, 0) - COALESCE(r.minor, 0) AS unused_minor
          FROM payments p
          LEFT JOIN LATERAL (
            SELECT sum(al.amount_minor)::bigint AS minor FROM allocations al WHERE al.payment_id = p.id
          ) a ON true
          LEFT JOIN LATERAL (
            SELECT sum(re.amount_minor)::bigint AS minor FROM payment_reversals re WHERE re.payment_id = p.id
          ) r ON true""")
    op.execute("GRANT SELECT ON payment_uses TO portal_app")
    op.execute("""
        CREATE FUNCTION keep_payment_whole() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF EXISTS (SELECT FROM payment_uses u
                      WHERE u.payment_id = NEW.payment_id AND (u.unused_minor < 0 OR u.allocated_minor < 0))
          THEN RAISE EXCEPTION 'more of payment % is used than was received', NEW.payment_id
            USING ERRCODE = 'check_violation';
          END IF;
          RETURN NULL;
        END $$""")
    for table in ("allocations", "payment_reversals"):
        op.execute(
            f"CREATE TRIGGER keep_payment_whole AFTER INSERT ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION keep_payment_whole()"
        )


def _reversals() -> None:
    op.create_table(
        "payment_reversals",
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("reversed_by", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_reversals")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_payment_reversals_payment_id")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payment_reversals_amount")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_payment_reversals_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "payment_id"], ["payments.organisation_id", "payments.id"],
            name=op.f("fk_payment_reversals_organisation_id_payment_id"),
        ),
    )  # fmt: skip
    op.create_index(op.f("ix_payment_reversals_organisation_id"), "payment_reversals", ["organisation_id"])
    op.execute("ALTER TABLE payment_reversals ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE payment_reversals FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY own_organisation ON payment_reversals TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute("GRANT SELECT, INSERT ON payment_reversals TO portal_app")


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_payment_whole ON allocations")
    op.execute("DROP TRIGGER keep_payment_whole ON payment_reversals")
    op.execute("DROP FUNCTION keep_payment_whole()")
    op.execute("DROP VIEW payment_uses")
    op.drop_table("payment_reversals")
    for column in ("tendered_minor", "taken_by", "form_id"):
        op.drop_column("payments", column)
