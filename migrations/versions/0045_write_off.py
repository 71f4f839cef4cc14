"""When and why what was still owed on an invoice was given up"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("invoices", sa.Column("written_off_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("invoices", sa.Column("write_off_reason", sa.String(200), server_default="", nullable=False))
    op.create_check_constraint(
        op.f("ck_invoices_written_off"), "invoices", "status <> 'written_off' OR written_off_at IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_invoices_written_off"), "invoices")
    op.drop_column("invoices", "write_off_reason")
    op.drop_column("invoices", "written_off_at")
