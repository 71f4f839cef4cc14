"""What the linked organisation calls our reasons for no tax: exemptions, and taxes of the kind exempt"""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLE = "exemption_twins"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("exemption_id", sa.BigInteger(), nullable=True),
        sa.Column("tax_id", sa.BigInteger(), nullable=True),
        sa.Column("remote_id", sa.String(40), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("num_nonnulls(exemption_id, tax_id) = 1", name=op.f(f"ck_{TABLE}_one")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{TABLE}_organisation_id")),
        *(
            sa.ForeignKeyConstraint(
                ["organisation_id", column], [f"{table}.organisation_id", f"{table}.id"],
                name=op.f(f"fk_{TABLE}_organisation_id_{column}"),
            )
            for column, table in (("link_id", "links"), ("exemption_id", "tax_exemptions"), ("tax_id", "taxes"))
        ),
        sa.UniqueConstraint("link_id", "exemption_id", name=op.f(f"uq_{TABLE}_link_id_exemption_id")),
        sa.UniqueConstraint("link_id", "tax_id", name=op.f(f"uq_{TABLE}_link_id_tax_id")),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{TABLE}_organisation_id"), TABLE, ["organisation_id"])
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {TABLE} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {TABLE} TO portal_app")


def downgrade() -> None:
    op.drop_table(TABLE)
