"""Which reason for no tax says that an item is outside the tax altogether, and not exempt from it"""

import sqlalchemy as sa
from alembic import op

revision = "0076"
down_revision = "0075"
branch_labels = None
depends_on = None

TABLE = "tax_exemptions"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("is_outside", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.execute(f"ALTER TABLE {TABLE} NO FORCE ROW LEVEL SECURITY")  # every firm's, by the owner of the table
    op.execute(
        f"UPDATE {TABLE} SET is_outside = true WHERE applies_to = 'item'"
        " AND name IN ('Disbursement', 'Reimbursed expense', 'Outside GST')"
    )
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.drop_column(TABLE, "is_outside")
