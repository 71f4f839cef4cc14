"""What a draft may be given beside its lines: discounts, shipping, an adjustment; frozen with the rest when sent"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BEFORE = (
    "number, customer_id, currency, issued_on, bill_to, breakdown, subtotal_minor, tax_minor, total_minor, revision"
)
ADDED = (
    "discount_kind, discount_value, discount_applied, shipping_minor, shipping_tax_id, adjustment_minor, "
    "adjustment_reason"
)


def upgrade() -> None:
    for column in (
        sa.Column("discount_kind", sa.String(10), server_default="", nullable=False),
        sa.Column("discount_value", sa.Numeric(18, 6), server_default="0", nullable=False),
        sa.Column("discount_applied", sa.String(12), server_default="before_tax", nullable=False),
        sa.Column("shipping_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("shipping_tax_id", sa.BigInteger(), nullable=True),
        sa.Column("adjustment_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("adjustment_reason", sa.String(100), server_default="", nullable=False),
    ):
        op.add_column("invoices", column)
    op.create_foreign_key(
        op.f("fk_invoices_organisation_id_shipping_tax_id"), "invoices", "taxes",
        ["organisation_id", "shipping_tax_id"], ["organisation_id", "id"],
    )  # fmt: skip
    op.create_check_constraint(
        op.f("ck_invoices_discount_kind"), "invoices", "discount_kind IN ('', 'percent', 'amount')"
    )
    op.create_check_constraint(
        op.f("ck_invoices_discount_applied"), "invoices", "discount_applied IN ('before_tax', 'after_tax')"
    )
    op.add_column("invoice_lines", sa.Column("discount_percent", sa.Numeric(9, 6), nullable=True))
    op.add_column("invoice_lines", sa.Column("discount_minor", sa.BigInteger(), nullable=True))
    op.create_check_constraint(
        op.f("ck_invoice_lines_discount"), "invoice_lines", "discount_percent IS NULL OR discount_minor IS NULL"
    )
    _freeze(f"{BEFORE}, {ADDED}")


def downgrade() -> None:
    _freeze(BEFORE)
    op.drop_constraint(op.f("ck_invoice_lines_discount"), "invoice_lines")
    for column in ("discount_minor", "discount_percent"):
        op.drop_column("invoice_lines", column)
    for column in reversed(ADDED.split(", ")):
        op.drop_column("invoices", column)


def _freeze(columns: str) -> None:
    old = ", ".join(f"OLD.{name.strip()}" for name in columns.split(","))
    new = ", ".join(f"NEW.{name.strip()}" for name in columns.split(","))
    op.execute(f"""
        CREATE OR REPLACE FUNCTION keep_sent_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF OLD.status = 'draft' THEN RETURN COALESCE(NEW, OLD); END IF;
          IF TG_OP = 'DELETE' OR NEW.status = 'draft' OR ({old}) IS DISTINCT FROM ({new}) THEN
            RAISE EXCEPTION 'invoice % is sent and frozen', OLD.number USING ERRCODE = 'restrict_violation';
          END IF;
          RETURN NEW;
        END $$""")
