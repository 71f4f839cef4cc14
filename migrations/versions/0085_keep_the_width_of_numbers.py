"""How many digits a number has at least: a firm that goes on with its books' numbers keeps their width"""

import sqlalchemy as sa
from alembic import op

revision = "0085"
down_revision = "0084"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("number_series", sa.Column("digits", sa.SmallInteger(), server_default=sa.text("5"), nullable=False))


def downgrade() -> None:
    op.drop_column("number_series", "digits")
