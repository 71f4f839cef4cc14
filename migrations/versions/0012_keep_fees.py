"""What Stripe kept of each payment, where its answer said so"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payments", sa.Column("fee_minor", sa.BigInteger(), nullable=True))
    op.add_column("payments", sa.Column("fee_currency", sa.String(3), nullable=True))


def downgrade() -> None:
    op.drop_column("payments", "fee_currency")
    op.drop_column("payments", "fee_minor")
