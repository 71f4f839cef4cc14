"""Whether mails bring the paper as a PDF, too"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("organisations", sa.Column("attach_papers", sa.Boolean(), server_default="true", nullable=False))


def downgrade() -> None:
    op.drop_column("organisations", "attach_papers")
