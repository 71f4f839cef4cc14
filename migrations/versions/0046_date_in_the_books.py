"""Another day in the books than ours, chosen by a person because the period is closed there"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mirror_records", sa.Column("dated_on", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("mirror_records", "dated_on")
