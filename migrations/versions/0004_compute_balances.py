"""What is left to pay is computed, never typed"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # security_invoker: the view sees what its reader may see, so row-level security holds through it.
    op.execute("""
        CREATE VIEW invoice_balances WITH (security_invoker = true) AS
        SELECT i.id AS invoice_id, i.organisation_id, i.currency, COALESCE(a.paid_minor, 0) AS paid_minor,
               CASE WHEN i.status = 'sent' THEN i.total_minor - COALESCE(a.paid_minor, 0) ELSE 0 END AS balance_minor,
               a.last_paid_on
          FROM invoices i
          LEFT JOIN LATERAL (
            SELECT sum(al.amount_minor)::bigint AS paid_minor, max(p.received_on) AS last_paid_on
              FROM allocations al JOIN payments p ON p.id = al.payment_id
             WHERE al.invoice_id = i.id
          ) a ON true""")
    op.execute("GRANT SELECT ON invoice_balances TO portal_app")


def downgrade() -> None:
    op.execute("DROP VIEW invoice_balances")
