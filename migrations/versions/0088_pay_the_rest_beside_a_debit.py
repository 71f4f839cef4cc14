"""What a bank has under way no longer holds the one place to pay: it is counted, and the rest can be paid"""

import sqlalchemy as sa
from alembic import op

revision = "0088"
down_revision = "0087"
branch_labels = None
depends_on = None

_OPEN = "state IN ('creating', 'open', 'processing')"
# A card that is charged by itself keeps the place until its bank has spoken, as a page that is open does.
_HOLDING = "state IN ('creating', 'open') OR (state = 'processing' AND card_use = 'charge')"
_BALANCES = """
    CREATE OR REPLACE VIEW invoice_balances WITH (security_invoker = true) AS
    SELECT i.id AS invoice_id, i.organisation_id, i.currency, COALESCE(a.paid_minor, 0) AS paid_minor,
           CASE WHEN i.status = 'sent' THEN i.total_minor - i.withheld_minor - COALESCE(a.paid_minor, 0)
                                            - COALESCE(c.credited_minor, 0)
                ELSE 0 END AS balance_minor,
           a.last_paid_on, COALESCE(c.credited_minor, 0) AS credited_minor{under_way}
      FROM invoices i
      LEFT JOIN LATERAL (
        SELECT sum(al.amount_minor)::bigint AS paid_minor, max(p.received_on) AS last_paid_on
          FROM allocations al JOIN payments p ON p.id = al.payment_id
         WHERE al.invoice_id = i.id
      ) a ON true
      LEFT JOIN LATERAL (
        SELECT sum(ca.amount_minor)::bigint AS credited_minor
          FROM credit_applications ca WHERE ca.invoice_id = i.id
      ) c ON true"""
_UNDER_WAY = """,
           COALESCE((SELECT sum(pa.amount_minor)::bigint FROM payment_attempts pa
                      WHERE pa.invoice_id = i.id AND pa.state = 'processing'), 0) AS under_way_minor"""


def upgrade() -> None:
    _hold_by(_HOLDING)
    op.execute(_BALANCES.format(under_way=_UNDER_WAY))


def downgrade() -> None:
    op.execute("DROP VIEW invoice_balances")
    op.execute(_BALANCES.format(under_way=""))
    op.execute("GRANT SELECT ON invoice_balances TO portal_app")
    _hold_by(_OPEN)


def _hold_by(condition: str) -> None:
    name = "uq_payment_attempts_open"
    op.drop_index(name, "payment_attempts")
    op.create_index(name, "payment_attempts", ["invoice_id"], unique=True, postgresql_where=sa.text(condition))
