"""Whether customers may save their card is the firm's to say"""

import sqlalchemy as sa
from alembic import op

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("organisations", sa.Column("saves_cards", sa.Boolean(), server_default="true", nullable=False))


def downgrade() -> None:
    op.drop_column("organisations", "saves_cards")
