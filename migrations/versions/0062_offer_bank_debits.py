"""Which bank debit a firm's Stripe account offers beside cards, and with which one each payment was begun"""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

DEBITS = "IN ('', 'us_bank_account', 'sepa_debit', 'bacs_debit')"


def upgrade() -> None:
    for table in ("stripe_accounts", "payment_attempts"):
        op.add_column(table, sa.Column("debit", sa.String(20), server_default="", nullable=False))
        op.create_check_constraint(op.f(f"ck_{table}_debit"), table, f"debit {DEBITS}")


def downgrade() -> None:
    for table in ("payment_attempts", "stripe_accounts"):
        op.drop_constraint(op.f(f"ck_{table}_debit"), table)
        op.drop_column(table, "debit")
