"""Find the cards that were refused of late"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_stripe_events_declines", "stripe_events", ["organisation_id", "created_at"],
        postgresql_where=sa.text("kind = 'payment_intent.payment_failed'"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_stripe_events_declines", "stripe_events")
