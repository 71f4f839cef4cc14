"""What deposits had paid of an invoice when it was sent: a fact of that day, which its file for machines tells"""

import sqlalchemy as sa
from alembic import op

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("invoices", sa.Column("prepaid_minor", sa.BigInteger(), nullable=True))
    # Those sent before: deposits were put to them in the transaction that sent them, from payments that had come.
    op.execute("""
        UPDATE invoices i SET prepaid_minor = COALESCE((
          SELECT sum(a.amount_minor)::bigint FROM allocations a JOIN payments p ON p.id = a.payment_id
           WHERE a.invoice_id = i.id AND a.refund_id IS NULL AND a.amount_minor > 0 AND p.created_at < i.sent_at
             AND a.created_at BETWEEN i.sent_at - interval '10 seconds' AND i.sent_at + interval '10 seconds'), 0)
         WHERE i.status <> 'draft'""")
    op.execute("""
        CREATE FUNCTION keep_sent_prepaid() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF OLD.prepaid_minor IS DISTINCT FROM NEW.prepaid_minor THEN
            RAISE EXCEPTION 'invoice % is sent and frozen', OLD.number USING ERRCODE = 'restrict_violation';
          END IF;
          RETURN NEW;
        END $$""")
    op.execute(
        "CREATE TRIGGER keep_sent_prepaid BEFORE UPDATE OF prepaid_minor ON invoices FOR EACH ROW"
        " WHEN (OLD.prepaid_minor IS NOT NULL) EXECUTE FUNCTION keep_sent_prepaid()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_sent_prepaid ON invoices")
    op.execute("DROP FUNCTION keep_sent_prepaid()")
    op.drop_column("invoices", "prepaid_minor")
