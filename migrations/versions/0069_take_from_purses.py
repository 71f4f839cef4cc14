"""Cash that is taken back or given back leaves a purse only as far as it is still there"""

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Of a reversal before this nobody asked: empty, and all of it left the purse.
    op.add_column("payment_reversals", sa.Column("from_purse_minor", sa.BigInteger(), nullable=True))
    op.add_column("refunds", sa.Column("from_purse_minor", sa.BigInteger(), server_default="0", nullable=False))
    for table in ("payment_reversals", "refunds"):
        op.create_check_constraint(op.f(f"ck_{table}_purse"), table, "from_purse_minor >= 0")


def downgrade() -> None:
    for table in ("refunds", "payment_reversals"):
        op.drop_constraint(f"ck_{table}_purse", table)
        op.drop_column(table, "from_purse_minor")
