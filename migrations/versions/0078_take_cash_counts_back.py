"""A count of cash that was confirmed wrongly, taken back: one row beside it, which is only ever added"""

import sqlalchemy as sa
from alembic import op

revision = "0078"
down_revision = "0077"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLE = "cash_count_reversals"


def upgrade() -> None:
    op.create_unique_constraint(
        op.f("uq_cash_counts_organisation_id_id"), "cash_counts", ["organisation_id", "id"]
    )  # fmt: skip
    op.create_table(
        TABLE,
        sa.Column("count_id", sa.BigInteger(), nullable=False),
        sa.Column("reversed_by", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{TABLE}_organisation_id")),
        *(
            sa.ForeignKeyConstraint(
                ["organisation_id", column], [f"{table}.organisation_id", f"{table}.id"],
                name=op.f(f"fk_{TABLE}_organisation_id_{column}"),
            )
            for column, table in (("count_id", "cash_counts"), ("reversed_by", "people"))
        ),
        sa.UniqueConstraint("count_id", name=op.f(f"uq_{TABLE}_count_id")),
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
    op.drop_constraint(op.f("uq_cash_counts_organisation_id_id"), "cash_counts")
