"""How much of an invoice a firm asks for as a deposit, in percent of its total"""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("organisations", sa.Column("deposit_percent", sa.BigInteger(), server_default="0", nullable=False))
    op.create_check_constraint(
        op.f("ck_organisations_deposit_percent"), "organisations", "deposit_percent BETWEEN 0 AND 90"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_organisations_deposit_percent"), "organisations")
    op.drop_column("organisations", "deposit_percent")
