"""Whether customers may pay a part of an invoice, and how small"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("organisations", sa.Column("takes_parts", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("organisations", sa.Column("least_part_minor", sa.BigInteger(), server_default="0", nullable=False))
    op.create_check_constraint(op.f("ck_organisations_least_part"), "organisations", "least_part_minor >= 0")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_organisations_least_part"), "organisations")
    op.drop_column("organisations", "least_part_minor")
    op.drop_column("organisations", "takes_parts")
