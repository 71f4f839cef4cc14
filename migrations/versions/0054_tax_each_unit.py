"""Taxes that are so much money for each unit, beside those in percent"""

import sqlalchemy as sa
from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

# Money needs more room before the point than a percentage; the same digits after it, so that no table is rewritten.
COLUMNS = (
    ("tax_rates", "rate"), ("invoice_lines", "tax_rate"), ("invoice_taxes", "rate"), ("credit_note_lines", "tax_rate"),
    ("credit_note_taxes", "rate"),
)  # fmt: skip


def upgrade() -> None:
    for table, column in COLUMNS:
        op.alter_column(table, column, type_=sa.Numeric(18, 6))
    op.drop_constraint("ck_tax_rates_rate", "tax_rates")
    op.create_check_constraint(op.f("ck_tax_rates_rate"), "tax_rates", "rate >= 0")


def downgrade() -> None:
    op.drop_constraint("ck_tax_rates_rate", "tax_rates")
    op.create_check_constraint(op.f("ck_tax_rates_rate"), "tax_rates", "rate >= 0 AND rate <= 100")
    for table, column in reversed(COLUMNS):
        op.alter_column(table, column, type_=sa.Numeric(9, 6))
