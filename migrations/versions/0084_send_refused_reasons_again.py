"""A reason for no tax that Zoho refused can be sent once more"""

from alembic import op

revision = "0084"
down_revision = "0083"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("GRANT DELETE ON exemption_twins TO portal_app")


def downgrade() -> None:
    op.execute("REVOKE DELETE ON exemption_twins FROM portal_app")
