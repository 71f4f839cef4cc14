"""A row of the mapping has a direction of its own. Until now a row went as its module goes, whatever it said"""

from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_all("both")


def downgrade() -> None:
    _make_all("push")


def _make_all(direction: str) -> None:
    op.alter_column("field_rules", "direction", server_default=direction)
    op.execute("ALTER TABLE field_rules NO FORCE ROW LEVEL SECURITY")  # every firm's, by the owner of the tables
    op.execute(f"UPDATE field_rules SET direction = '{direction}'")
    op.execute("ALTER TABLE field_rules FORCE ROW LEVEL SECURITY")
