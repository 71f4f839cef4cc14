"""A link that was opened before opens were counted has been opened once: 0024 could not see the firms' rows"""

from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE pay_links NO FORCE ROW LEVEL SECURITY")  # every firm's, by the owner of the table
    op.execute("UPDATE pay_links SET opens = 1, last_opened_at = opened_at WHERE opened_at IS NOT NULL AND opens = 0")
    op.execute("ALTER TABLE pay_links FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    """What was counted stays so."""
