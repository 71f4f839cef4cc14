"""Where, when and by whom the work was done, as facts: whoever reads of it does so in their own language"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0080"
down_revision = "0079"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("invoices", sa.Column("work_facts", JSONB(), nullable=True))
    op.execute(
        "CREATE TRIGGER keep_sent_work BEFORE UPDATE OF work_facts ON invoices FOR EACH ROW"
        " WHEN (OLD.status <> 'draft' AND OLD.work_facts IS DISTINCT FROM NEW.work_facts)"
        " EXECUTE FUNCTION keep_sent_supply()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_sent_work ON invoices")
    op.drop_column("invoices", "work_facts")
