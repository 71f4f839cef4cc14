"""What was last seen of a record in Zoho is kept beside its stamp, as two changes within a second carry the same one"""

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mirror_records", sa.Column("last_seen", sa.String(64), server_default=sa.text("''"), nullable=False))


def downgrade() -> None:
    op.drop_column("mirror_records", "last_seen")
