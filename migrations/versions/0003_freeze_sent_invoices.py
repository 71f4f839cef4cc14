"""A sent invoice's money does not change, whatever the program does"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FROZEN = (
    "number, customer_id, currency, issued_on, bill_to, breakdown, subtotal_minor, tax_minor, total_minor, revision"
)


def upgrade() -> None:
    old = ", ".join(f"OLD.{name.strip()}" for name in FROZEN.split(","))
    new = ", ".join(f"NEW.{name.strip()}" for name in FROZEN.split(","))
    op.execute(f"""
        CREATE FUNCTION keep_sent_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF OLD.status = 'draft' THEN RETURN COALESCE(NEW, OLD); END IF;
          IF TG_OP = 'DELETE' OR NEW.status = 'draft' OR ({old}) IS DISTINCT FROM ({new}) THEN
            RAISE EXCEPTION 'invoice % is sent and frozen', OLD.number USING ERRCODE = 'restrict_violation';
          END IF;
          RETURN NEW;
        END $$""")
    op.execute(
        "CREATE TRIGGER keep_sent_invoice BEFORE UPDATE OR DELETE ON invoices "
        "FOR EACH ROW EXECUTE FUNCTION keep_sent_invoice()"
    )
    op.execute("""
        CREATE FUNCTION keep_sent_invoice_part() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF EXISTS (SELECT FROM invoices i
                      WHERE i.id = COALESCE(NEW.invoice_id, OLD.invoice_id) AND i.status <> 'draft')
          THEN RAISE EXCEPTION 'the invoice is sent and frozen' USING ERRCODE = 'restrict_violation';
          END IF;
          RETURN COALESCE(NEW, OLD);
        END $$""")
    op.execute(
        "CREATE TRIGGER keep_sent_billing_claims BEFORE DELETE ON billing_claims "
        "FOR EACH ROW EXECUTE FUNCTION keep_sent_invoice_part()"
    )
    for table in ("invoice_lines", "invoice_taxes"):
        op.execute(
            f"CREATE TRIGGER keep_sent_{table} BEFORE INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION keep_sent_invoice_part()"
        )


def downgrade() -> None:
    for table in ("invoice_lines", "invoice_taxes", "billing_claims"):
        op.execute(f"DROP TRIGGER keep_sent_{table} ON {table}")
    op.execute("DROP FUNCTION keep_sent_invoice_part()")
    op.execute("DROP TRIGGER keep_sent_invoice ON invoices")
    op.execute("DROP FUNCTION keep_sent_invoice()")
