"""What left Stripe although it had gone back another way is a row, too, and waits for a person"""

import sqlalchemy as sa
from alembic import op

revision = "0091"
down_revision = "0090"
branch_labels = None
depends_on = None

_PARTS = "amount_minor >= 0 AND tip_minor >= 0"


def upgrade() -> None:
    op.add_column("refunds", sa.Column("beyond_minor", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("refunds", sa.Column("settled_at", sa.DateTime(timezone=True)))
    op.add_column("refunds", sa.Column("settled_how", sa.String(200), server_default="", nullable=False))
    op.drop_constraint("ck_refunds_amount", "refunds")
    op.create_check_constraint(op.f("ck_refunds_parts"), "refunds", f"{_PARTS} AND beyond_minor >= 0")
    op.create_check_constraint(op.f("ck_refunds_amount"), "refunds", "amount_minor + tip_minor + beyond_minor > 0")
    op.execute("GRANT UPDATE (settled_at, settled_how) ON refunds TO portal_app")
    op.execute("CREATE INDEX ix_refunds_twice ON refunds (organisation_id, payment_id) WHERE beyond_minor > 0")


def downgrade() -> None:
    op.execute("DROP INDEX ix_refunds_twice")
    op.drop_constraint("ck_refunds_amount", "refunds")
    op.drop_constraint("ck_refunds_parts", "refunds")
    op.create_check_constraint(op.f("ck_refunds_amount"), "refunds", f"{_PARTS} AND amount_minor + tip_minor > 0")
    for column in ("settled_how", "settled_at", "beyond_minor"):
        op.drop_column("refunds", column)
