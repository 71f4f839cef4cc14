"""What became of each sending: the mail that brought a link, how often it was opened, and who hears of a failure"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("sent_by", sa.BigInteger(), nullable=True))
    op.add_column("messages", sa.Column("dealt_with_at", sa.DateTime(timezone=True), nullable=True))
    op.create_unique_constraint(op.f("uq_messages_organisation_id_id"), "messages", ["organisation_id", "id"])
    op.create_foreign_key(
        op.f("fk_messages_organisation_id_sent_by"), "messages", "people",
        ["organisation_id", "sent_by"], ["organisation_id", "id"],
    )  # fmt: skip
    op.create_index(
        op.f("ix_messages_failed"), "messages", ["organisation_id", "id"], postgresql_where=sa.text("state = 'failed'")
    )
    op.drop_constraint("ck_messages_state", "messages")
    op.create_check_constraint(
        op.f("ck_messages_state"), "messages", "state IN ('waiting', 'sent', 'failed', 'cancelled')"
    )
    op.add_column("pay_links", sa.Column("last_opened_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("pay_links", sa.Column("opens", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("pay_links", sa.Column("message_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_pay_links_organisation_id_message_id"), "pay_links", "messages",
        ["organisation_id", "message_id"], ["organisation_id", "id"],
    )  # fmt: skip
    op.drop_constraint("ck_pay_links_channel", "pay_links")
    op.create_check_constraint(op.f("ck_pay_links_channel"), "pay_links", "channel IN ('screen', 'email', 'sms')")
    op.execute("UPDATE pay_links SET opens = 1, last_opened_at = opened_at WHERE opened_at IS NOT NULL")


def downgrade() -> None:
    op.drop_constraint("ck_pay_links_channel", "pay_links")
    op.create_check_constraint(op.f("ck_pay_links_channel"), "pay_links", "channel IN ('screen', 'email')")
    for column in ("message_id", "opens", "last_opened_at"):
        op.drop_column("pay_links", column)
    op.drop_constraint("ck_messages_state", "messages")
    op.create_check_constraint(op.f("ck_messages_state"), "messages", "state IN ('waiting', 'sent', 'failed')")
    op.drop_index("ix_messages_failed", "messages")
    for column in ("dealt_with_at", "sent_by"):
        op.drop_column("messages", column)
    op.drop_constraint("uq_messages_organisation_id_id", "messages")
