"""What coins cannot pay is rounded, and the difference stands on the payment"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payments", sa.Column("rounding_minor", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("payments", "rounding_minor")
