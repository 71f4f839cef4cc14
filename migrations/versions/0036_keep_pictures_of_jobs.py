"""Photos of the work and signatures under it"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLE = "job_pictures"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("work_order_id", sa.BigInteger(), nullable=False),
        sa.Column("taken_by_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("signed_by", sa.String(100), nullable=False),
        sa.Column("width", sa.BigInteger(), nullable=False),
        sa.Column("height", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("preview", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('photo', 'signature')", name=op.f(f"ck_{TABLE}_kind")),
        sa.CheckConstraint("(kind = 'signature') = (signed_by <> '')", name=op.f(f"ck_{TABLE}_signed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{TABLE}_organisation_id")),
        sa.ForeignKeyConstraint(["organisation_id", "work_order_id"], ["work_orders.organisation_id", "work_orders.id"],
                                name=op.f(f"fk_{TABLE}_organisation_id_work_order_id")),
        sa.ForeignKeyConstraint(["organisation_id", "taken_by_id"], ["people.organisation_id", "people.id"],
                                name=op.f(f"fk_{TABLE}_organisation_id_taken_by_id")),
        sa.UniqueConstraint("organisation_id", "work_order_id", "digest",
                            name=op.f(f"uq_{TABLE}_organisation_id_work_order_id_digest")),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{TABLE}_organisation_id"), TABLE, ["organisation_id"])
    op.create_index("ix_job_pictures_work_order", TABLE, ["organisation_id", "work_order_id"])
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {TABLE} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT SELECT, INSERT, DELETE ON {TABLE} TO portal_app")


def downgrade() -> None:
    op.drop_table(TABLE)
