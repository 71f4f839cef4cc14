"""What took several pages is read a second time before it counts as known"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("pull_cursors", sa.Column("sure", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("pull_cursors", "sure")
