"""Taxes of all kinds, and groups of them"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
BEFORE = "kind IN ('percent', 'zero', 'exempt', 'out_of_scope')"
AFTER = (
    "kind IN ('percent', 'zero', 'exempt', 'out_of_scope', 'reverse_charge', 'withholding', 'fixed_per_unit', 'group')"
)
TABLE = "tax_group_members"


def upgrade() -> None:
    op.drop_constraint("ck_taxes_kind", "taxes")
    op.create_check_constraint(op.f("ck_taxes_kind"), "taxes", AFTER)
    op.create_table(
        TABLE,
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("tax_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("is_compound", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("group_id <> tax_id", name=op.f(f"ck_{TABLE}_no_circle")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{TABLE}_organisation_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "group_id"], ["taxes.organisation_id", "taxes.id"],
            name=op.f(f"fk_{TABLE}_organisation_id_group_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "tax_id"], ["taxes.organisation_id", "taxes.id"],
            name=op.f(f"fk_{TABLE}_organisation_id_tax_id"),
        ),
        sa.UniqueConstraint(
            "organisation_id", "group_id", "tax_id", name=op.f(f"uq_{TABLE}_organisation_id_group_id_tax_id")
        ),
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
    op.drop_constraint("ck_taxes_kind", "taxes")
    op.create_check_constraint(op.f("ck_taxes_kind"), "taxes", BEFORE)
