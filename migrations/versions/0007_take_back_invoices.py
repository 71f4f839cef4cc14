"""Credit notes: only ever added to; what was put to an invoice lowers what is to pay on it"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLES = ("credit_notes", "credit_note_lines", "credit_note_taxes", "credit_applications")


def upgrade() -> None:
    _tables()
    for table in TABLES:
        op.create_index(op.f(f"ix_{table}_organisation_id"), table, ["organisation_id"])
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_organisation ON {table} TO portal_app "
            f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
        )
        op.execute(f"GRANT SELECT, INSERT ON {table} TO portal_app")
    op.execute("""
        CREATE OR REPLACE VIEW invoice_balances WITH (security_invoker = true) AS
        SELECT i.id AS invoice_id, i.organisation_id, i.currency, COALESCE(a.paid_minor, 0) AS paid_minor,
               CASE WHEN i.status = 'sent' THEN i.total_minor - COALESCE(a.paid_minor, 0) - COALESCE(c.credited_minor, 0)
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
          ) c ON true""")


def downgrade() -> None:
    op.execute("DROP VIEW invoice_balances")
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
    for table in reversed(TABLES):
        op.drop_table(table)


def _tables() -> None:
    _table(
        "credit_notes",
        sa.Column("number", sa.String(20), nullable=False), _number("invoice_id"), _number("customer_id"),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("bill_to", postgresql.JSONB(), nullable=False),
        sa.Column("breakdown", postgresql.JSONB(), nullable=False),
        _number("subtotal_minor"), _number("tax_minor"), _number("total_minor"), _number("raised_by", nullable=True),
        sa.Column("form_id", sa.String(40), nullable=True),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_credit_notes_organisation_id_id")),
        sa.UniqueConstraint("organisation_id", "number", name=op.f("uq_credit_notes_organisation_id_number")),
        sa.UniqueConstraint("organisation_id", "form_id", name=op.f("uq_credit_notes_organisation_id_form_id")),
        sa.CheckConstraint("total_minor > 0", name=op.f("ck_credit_notes_total")),
        refers={"invoice_id": "invoices", "customer_id": "customers"}, indexed=("invoice_id", "customer_id"),
    )  # fmt: skip
    _table(
        "credit_note_lines", _number("credit_note_id"), _number("invoice_line_id", nullable=True), _number("position"),
        sa.Column("name", sa.String(100), nullable=False), sa.Column("description", sa.String(2000), nullable=False),
        _number("line_total_minor"), sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("tax_name", sa.String(100), nullable=False), sa.Column("tax_rate", sa.Numeric(9, 6), nullable=False),
        sa.CheckConstraint("line_total_minor <> 0", name=op.f("ck_credit_note_lines_amount")),
        refers={"credit_note_id": "credit_notes", "invoice_line_id": "invoice_lines"},
        indexed=("credit_note_id", "invoice_line_id"),
    )  # fmt: skip
    _table(
        "credit_note_taxes", _number("credit_note_id"), _number("tax_id", nullable=True), _number("position"),
        sa.Column("name", sa.String(100), nullable=False), sa.Column("rate", sa.Numeric(9, 6), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False), _number("base_minor"), _number("amount_minor"),
        sa.Column("currency", sa.String(3), nullable=False),
        refers={"credit_note_id": "credit_notes", "tax_id": "taxes"}, indexed=("credit_note_id",),
    )  # fmt: skip
    _table(
        "credit_applications", _number("credit_note_id"), _number("invoice_id"), _number("amount_minor"),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_credit_applications_amount")),
        refers={"credit_note_id": "credit_notes", "invoice_id": "invoices"}, indexed=("credit_note_id", "invoice_id"),
    )  # fmt: skip


def _table(name: str, *parts: sa.schema.SchemaItem, refers: dict[str, str], indexed: tuple[str, ...]) -> None:
    op.create_table(
        name, *parts,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{name}_organisation_id")),
        *(
            sa.ForeignKeyConstraint(
                ["organisation_id", column], [f"{table}.organisation_id", f"{table}.id"],
                name=op.f(f"fk_{name}_organisation_id_{column}"),
            )
            for column, table in refers.items()
        ),
    )  # fmt: skip
    for column in indexed:
        op.create_index(op.f(f"ix_{name}_{column}"), name, [column])


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)
