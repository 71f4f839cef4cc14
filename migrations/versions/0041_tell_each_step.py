"""The latest steps of each mirror record; records that are left out of the books, and why"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLE, RECORDS = "mirror_steps", "mirror_records"
REFERENCED = f"uq_{RECORDS}_organisation_id_id"


def upgrade() -> None:
    op.create_unique_constraint(op.f(REFERENCED), RECORDS, ["organisation_id", "id"])
    op.add_column(RECORDS, sa.Column("left_out_why", sa.String(200), server_default=sa.text("''"), nullable=False))
    op.create_table(
        TABLE,
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("did", sa.String(40), nullable=False),
        sa.Column("outcome", sa.String(500), nullable=False),
        sa.Column("sent", postgresql.JSONB(), nullable=False),
        sa.Column("came_back", postgresql.JSONB(), nullable=False),
        sa.Column("trace", sa.String(64), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{TABLE}_organisation_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "record_id"], [f"{RECORDS}.organisation_id", f"{RECORDS}.id"],
            name=op.f(f"fk_{TABLE}_organisation_id_record_id"),
        ),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{TABLE}_organisation_id"), TABLE, ["organisation_id"])
    op.create_index("ix_mirror_steps_record", TABLE, ["organisation_id", "record_id", "id"])
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {TABLE} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT SELECT, INSERT, DELETE ON {TABLE} TO portal_app")


def downgrade() -> None:
    op.drop_table(TABLE)
    op.drop_column(RECORDS, "left_out_why")
    op.drop_constraint(REFERENCED, RECORDS)
