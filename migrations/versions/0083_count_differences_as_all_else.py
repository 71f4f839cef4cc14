"""How many records of a month differ is kept in the width in which everything is counted"""

import sqlalchemy as sa
from alembic import op

revision = "0083"
down_revision = "0082"
branch_labels = None
depends_on = None

TABLE, COLUMNS = "reconciliation_months", ("differs", "left_alone")


def upgrade() -> None:
    for column in COLUMNS:
        op.alter_column(TABLE, column, type_=sa.BigInteger())


def downgrade() -> None:
    for column in COLUMNS:
        op.alter_column(TABLE, column, type_=sa.Integer())
