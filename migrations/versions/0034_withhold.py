"""What a customer withholds is not to pay; the rate by which tax is told in the country's own currency"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

BALANCES = """
    CREATE OR REPLACE VIEW invoice_balances WITH (security_invoker = true) AS
    SELECT i.id AS invoice_id, i.organisation_id, i.currency, COALESCE(a.paid_minor, 0) AS paid_minor,
           CASE WHEN i.status = 'sent' THEN i.total_minor {withheld}- COALESCE(a.paid_minor, 0)
                                            - COALESCE(c.credited_minor, 0)
                ELSE 0 END AS balance_minor,
           a.last_paid_on, COALESCE(c.credited_minor, 0) AS credited_minor
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


def upgrade() -> None:
    op.add_column("invoices", sa.Column("withholding_tax_id", sa.BigInteger(), nullable=True))
    op.add_column("invoices", sa.Column("exchange_rate", sa.Numeric(18, 9), nullable=True))
    op.create_check_constraint(op.f("ck_invoices_exchange_rate"), "invoices", "exchange_rate > 0")
    for table in ("invoices", "credit_notes"):
        op.add_column(table, sa.Column("withheld_minor", sa.BigInteger(), server_default="0", nullable=False))
        op.create_check_constraint(
            op.f(f"ck_{table}_withheld"), table, "withheld_minor BETWEEN 0 AND GREATEST(total_minor, 0)"
        )
    op.create_foreign_key(
        op.f("fk_invoices_organisation_id_withholding_tax_id"), "invoices", "taxes",
        ["organisation_id", "withholding_tax_id"], ["organisation_id", "id"],
    )  # fmt: skip
    op.execute(BALANCES.format(withheld="- i.withheld_minor "))
    op.execute("""
        CREATE FUNCTION keep_sent_rates() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          RAISE EXCEPTION 'invoice % is sent and frozen', OLD.number USING ERRCODE = 'restrict_violation';
        END $$""")
    op.execute(
        "CREATE TRIGGER keep_sent_rates BEFORE UPDATE OF withheld_minor, withholding_tax_id, exchange_rate"
        " ON invoices FOR EACH ROW WHEN (OLD.status <> 'draft'"
        " AND (OLD.withheld_minor, OLD.withholding_tax_id, OLD.exchange_rate)"
        " IS DISTINCT FROM (NEW.withheld_minor, NEW.withholding_tax_id, NEW.exchange_rate)) EXECUTE FUNCTION keep_sent_rates()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_sent_rates ON invoices")
    op.execute("DROP FUNCTION keep_sent_rates()")
    op.execute(BALANCES.format(withheld=""))
    op.drop_constraint(op.f("fk_invoices_organisation_id_withholding_tax_id"), "invoices")
    for table in ("invoices", "credit_notes"):
        op.drop_constraint(op.f(f"ck_{table}_withheld"), table)
        op.drop_column(table, "withheld_minor")
    op.drop_column("invoices", "withholding_tax_id")
    op.drop_column("invoices", "exchange_rate")
