"""How many records a comparison of both sides found in Zoho only, where that is no difference"""

import sqlalchemy as sa
from alembic import op

revision = "0089"
down_revision = "0088"
branch_labels = None
depends_on = None


def upgrade() -> None:
    counted = sa.Column("only_there", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    op.add_column("reconciliation_months", counted)


def downgrade() -> None:
    op.drop_column("reconciliation_months", "only_there")
