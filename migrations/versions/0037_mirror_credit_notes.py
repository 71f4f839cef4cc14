"""Credit notes go over to the books"""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

BEFORE = "module IN ('tax', 'customer', 'item', 'invoice', 'payment')"
AFTER = "module IN ('tax', 'customer', 'item', 'invoice', 'payment', 'credit_note')"


def upgrade() -> None:
    op.drop_constraint("ck_mirror_records_module", "mirror_records")
    op.create_check_constraint(op.f("ck_mirror_records_module"), "mirror_records", AFTER)


def downgrade() -> None:
    op.execute("DELETE FROM mirror_records WHERE module = 'credit_note'")
    op.drop_constraint("ck_mirror_records_module", "mirror_records")
    op.create_check_constraint(op.f("ck_mirror_records_module"), "mirror_records", BEFORE)
