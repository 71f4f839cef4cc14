"""The printed invoice is attached to the one in the books, where the firm wants it"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("links", sa.Column("papers_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("mirror_records", sa.Column("paper", sa.String(40), server_default="", nullable=False))
    op.add_column("mirror_records", sa.Column("paper_look_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("mirror_records", "paper_look_at")
    op.drop_column("mirror_records", "paper")
    op.drop_column("links", "papers_since")
