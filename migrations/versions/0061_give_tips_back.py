"""A tip goes back beside what it came on top of, and never more of it than came"""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

USES = """
    CREATE VIEW payment_uses WITH (security_invoker = true) AS
    SELECT p.id AS payment_id, p.organisation_id, p.customer_id, p.currency, p.amount_minor,
           COALESCE(a.minor, 0) AS allocated_minor, COALESCE(r.minor, 0) AS reversed_minor,
           p.amount_minor - COALESCE(a.minor, 0) - COALESCE(r.minor, 0) - COALESCE(f.minor, 0) AS unused_minor,
           COALESCE(f.minor, 0) AS refunded_minor{tips}
      FROM payments p
      LEFT JOIN LATERAL (
        SELECT sum(al.amount_minor)::bigint AS minor FROM allocations al WHERE al.payment_id = p.id
      ) a ON true
      LEFT JOIN LATERAL (
        SELECT sum(re.amount_minor)::bigint AS minor FROM payment_reversals re WHERE re.payment_id = p.id
      ) r ON true
      LEFT JOIN LATERAL (
        SELECT sum(rf.amount_minor)::bigint AS minor{tip_sum} FROM refunds rf
         WHERE rf.payment_id = p.id AND rf.state IN ('planned', 'pending', 'succeeded')
      ) f ON true"""
WHOLE = """
    CREATE OR REPLACE FUNCTION keep_payment_whole() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT FROM payment_uses u
                  WHERE u.payment_id = NEW.payment_id
                    AND (u.unused_minor < 0 OR u.allocated_minor < 0{tips}))
      THEN RAISE EXCEPTION 'more of payment % is used than was received', NEW.payment_id
        USING ERRCODE = 'check_violation';
      END IF;
      RETURN NULL;
    END $$"""
LEFT = ",\n           p.tip_minor - COALESCE(f.tip_minor, 0) AS tip_left_minor"


def upgrade() -> None:
    op.add_column("refunds", sa.Column("tip_minor", sa.BigInteger(), server_default="0", nullable=False))
    op.drop_constraint("ck_refunds_amount", "refunds")
    op.create_check_constraint(
        op.f("ck_refunds_amount"), "refunds", "amount_minor >= 0 AND tip_minor >= 0 AND amount_minor + tip_minor > 0"
    )
    _see(USES.format(tips=LEFT, tip_sum=", sum(rf.tip_minor)::bigint AS tip_minor"))
    op.execute(WHOLE.format(tips=" OR u.tip_left_minor < 0"))


def downgrade() -> None:
    op.execute(WHOLE.format(tips=""))
    _see(USES.format(tips="", tip_sum=""))
    op.drop_constraint("ck_refunds_amount", "refunds")
    op.create_check_constraint(op.f("ck_refunds_amount"), "refunds", "amount_minor > 0")
    op.drop_column("refunds", "tip_minor")


def _see(view: str) -> None:
    op.execute("DROP VIEW payment_uses")
    op.execute(view)
    op.execute("GRANT SELECT ON payment_uses TO portal_app")
