"""Tips on top of card payments, kept apart from what is owed"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("organisations", sa.Column("takes_tips", sa.Boolean(), server_default="false", nullable=False))
    for table in ("payment_attempts", "payments"):
        op.add_column(table, sa.Column("tip_minor", sa.BigInteger(), server_default="0", nullable=False))
        op.create_check_constraint("tip", table, "tip_minor >= 0")


def downgrade() -> None:
    for table in ("payments", "payment_attempts"):
        op.drop_constraint("tip", table)
        op.drop_column(table, "tip_minor")
    op.drop_column("organisations", "takes_tips")
