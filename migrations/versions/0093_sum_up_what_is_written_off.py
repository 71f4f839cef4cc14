"""A write-off has a sum: money that goes back afterwards is open again, until somebody says what follows

An invoice that is written off is a sent one with such a sum, closed where that covers all that is left.
"""

import sqlalchemy as sa
from alembic import op

revision = "0093"
down_revision = "0092"
branch_labels = None
depends_on = None

_STATUS, _WRITTEN_OFF = "ck_invoices_status", "ck_invoices_written_off"
_BALANCES = """
    CREATE OR REPLACE VIEW invoice_balances WITH (security_invoker = true) AS
    SELECT i.id AS invoice_id, i.organisation_id, i.currency, COALESCE(a.paid_minor, 0) AS paid_minor,
           CASE WHEN i.status = 'sent' THEN i.total_minor - i.withheld_minor - COALESCE(a.paid_minor, 0)
                                            - COALESCE(c.credited_minor, 0){less}
                ELSE 0 END AS balance_minor,
           a.last_paid_on, COALESCE(c.credited_minor, 0) AS credited_minor,
           COALESCE((SELECT sum(pa.amount_minor)::bigint FROM payment_attempts pa
                      WHERE pa.invoice_id = i.id AND pa.state = 'processing'), 0) AS under_way_minor{column}
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
_TABLES = ("invoices", "allocations", "payments", "payment_attempts", "credit_applications", "invoice_holds")
# What was left when it was written off: what came or went since is no part of that.
_SUMS = """
    UPDATE invoices i SET written_off_minor = GREATEST(0, i.total_minor - i.withheld_minor
        - COALESCE((SELECT sum(a.amount_minor)::bigint FROM allocations a
                     WHERE a.invoice_id = i.id AND a.created_at <= i.written_off_at), 0)
        - COALESCE((SELECT sum(c.amount_minor)::bigint FROM credit_applications c
                     WHERE c.invoice_id = i.id AND c.created_at <= i.written_off_at), 0))
     WHERE i.status = 'written_off'"""
# Nobody was asked what follows where money went back afterwards: somebody is now, and the books hear that it is open.
_ASK = """
    INSERT INTO invoice_holds (organisation_id, invoice_id, kind, why, lost_minor)
    SELECT organisation_id, invoice_id, 'back', 'Money went back after the rest was written off', balance_minor
      FROM invoice_balances WHERE written_off_minor > 0 AND balance_minor > 0
    ON CONFLICT (organisation_id, invoice_id, kind) WHERE released_at IS NULL
    DO UPDATE SET lost_minor = EXCLUDED.lost_minor"""
_TELL = """
    INSERT INTO outbox AS o (organisation_id, subject, subject_id, version)
    SELECT organisation_id, 'invoice', invoice_id, 1
      FROM invoice_balances WHERE written_off_minor > 0 AND balance_minor > 0
    ON CONFLICT (organisation_id, subject, subject_id)
    DO UPDATE SET version = o.version + 1, changed_at = clock_timestamp(), is_settled = false"""


def upgrade() -> None:
    _hide_rows("NO FORCE")  # every firm's, by the owner of the tables
    op.add_column("invoices", sa.Column("written_off_minor", sa.BigInteger(), server_default="0", nullable=False))
    op.drop_constraint(op.f(_WRITTEN_OFF), "invoices")
    op.execute(_SUMS)
    op.execute(
        "UPDATE invoices SET status = 'sent',"
        " written_off_at = CASE WHEN written_off_minor > 0 THEN written_off_at END,"
        " write_off_reason = CASE WHEN written_off_minor > 0 THEN write_off_reason ELSE '' END"
        " WHERE status = 'written_off'"
    )
    op.drop_constraint(op.f(_STATUS), "invoices")
    op.create_check_constraint(op.f(_STATUS), "invoices", "status IN ('draft', 'sent', 'void')")
    op.create_check_constraint(
        op.f(_WRITTEN_OFF), "invoices",
        "(written_off_minor = 0 AND written_off_at IS NULL)"
        " OR (status = 'sent' AND written_off_at IS NOT NULL AND written_off_minor BETWEEN 1 AND total_minor)",
    )  # fmt: skip
    op.execute(_BALANCES.format(less=" - i.written_off_minor", column=", i.written_off_minor"))
    op.execute(_ASK)
    op.execute(_TELL)
    _hide_rows("FORCE")


def downgrade() -> None:
    op.execute("DROP VIEW invoice_balances")
    op.execute(_BALANCES.format(less="", column=""))
    op.execute("GRANT SELECT ON invoice_balances TO portal_app")
    op.drop_constraint(op.f(_WRITTEN_OFF), "invoices")
    op.drop_constraint(op.f(_STATUS), "invoices")
    op.create_check_constraint(op.f(_STATUS), "invoices", "status IN ('draft', 'sent', 'void', 'written_off')")
    _hide_rows("NO FORCE")
    op.execute("UPDATE invoices SET status = 'written_off' WHERE written_off_minor > 0")
    _hide_rows("FORCE")
    op.create_check_constraint(op.f(_WRITTEN_OFF), "invoices", "status <> 'written_off' OR written_off_at IS NOT NULL")
    op.drop_column("invoices", "written_off_minor")


def _hide_rows(how: str) -> None:
    for table in (*_TABLES, "outbox"):
        op.execute(f"ALTER TABLE {table} {how} ROW LEVEL SECURITY")
