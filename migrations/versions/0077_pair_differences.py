"""Fields in which a pair differs, who leaves them so, and how many records of a month differ"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0077"
down_revision = "0076"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLE = "pair_differences"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("module", sa.String(20), nullable=False),
        sa.Column("local_id", sa.BigInteger(), nullable=False),
        sa.Column("fields", JSONB(), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True)),
        sa.Column("left_by", sa.String(200), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{TABLE}_organisation_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "link_id"], ["links.organisation_id", "links.id"],
            name=op.f(f"fk_{TABLE}_organisation_id_link_id"),
        ),
        sa.UniqueConstraint("link_id", "module", "local_id", name=op.f(f"uq_{TABLE}_link_id_module_local_id")),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{TABLE}_organisation_id"), TABLE, ["organisation_id"])
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {TABLE} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT SELECT, INSERT, DELETE, UPDATE ON {TABLE} TO portal_app")
    op.add_column("mirror_records", sa.Column("compared", sa.String(64), server_default=sa.text("''"), nullable=False))
    for column in ("differs", "left_alone"):
        op.add_column(
            "reconciliation_months", sa.Column(column, sa.Integer(), server_default=sa.text("0"), nullable=False)
        )


def downgrade() -> None:
    for column in ("differs", "left_alone"):
        op.drop_column("reconciliation_months", column)
    op.drop_column("mirror_records", "compared")
    op.drop_table(TABLE)
