"""What a bank takes back in a dispute leaves the books like money given back"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BEFORE = "way IN ('stripe', 'cash', 'bank_transfer')"
AFTER = "way IN ('stripe', 'cash', 'bank_transfer', 'dispute')"


def upgrade() -> None:
    op.drop_constraint("ck_refunds_way", "refunds")
    op.create_check_constraint(op.f("ck_refunds_way"), "refunds", AFTER)


def downgrade() -> None:
    op.drop_constraint("ck_refunds_way", "refunds")
    op.create_check_constraint(op.f("ck_refunds_way"), "refunds", BEFORE)
