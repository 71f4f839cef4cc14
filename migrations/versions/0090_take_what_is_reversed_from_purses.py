"""A reversed cash payment leaves the purse wholly: taken, reversed, handed in and given back add up"""

import sqlalchemy as sa
from alembic import op

revision = "0090"
down_revision = "0089"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f("ck_payment_reversals_purse"), "payment_reversals")
    op.drop_column("payment_reversals", "from_purse_minor")


def downgrade() -> None:
    op.add_column("payment_reversals", sa.Column("from_purse_minor", sa.BigInteger(), nullable=True))
    op.create_check_constraint(op.f("ck_payment_reversals_purse"), "payment_reversals", "from_purse_minor >= 0")
