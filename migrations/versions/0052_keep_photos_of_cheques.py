"""Photos of cheques and slips, kept with their payments"""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLE = "payment_photos"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("taken_by_id", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.BigInteger(), nullable=False),
        sa.Column("height", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("preview", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{TABLE}_organisation_id")),
        sa.ForeignKeyConstraint(["organisation_id", "payment_id"], ["payments.organisation_id", "payments.id"],
                                name=op.f(f"fk_{TABLE}_organisation_id_payment_id")),
        sa.ForeignKeyConstraint(["organisation_id", "taken_by_id"], ["people.organisation_id", "people.id"],
                                name=op.f(f"fk_{TABLE}_organisation_id_taken_by_id")),
        sa.UniqueConstraint("organisation_id", "payment_id", "digest",
                            name=op.f(f"uq_{TABLE}_organisation_id_payment_id_digest")),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{TABLE}_organisation_id"), TABLE, ["organisation_id"])
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {TABLE} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT SELECT, INSERT ON {TABLE} TO portal_app")


def downgrade() -> None:
    op.drop_table(TABLE)
