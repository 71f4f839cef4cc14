"""A deposit stays for its job until somebody of the firm frees it"""

import sqlalchemy as sa
from alembic import op

revision = "0086"
down_revision = "0085"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deposits", sa.Column("freed_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("GRANT UPDATE (freed_at) ON deposits TO portal_app")


def downgrade() -> None:
    op.drop_column("deposits", "freed_at")
