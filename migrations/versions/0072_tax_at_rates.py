"""A tax at a rate that it has no more, so that what was sent with it finds its like in the books"""

import sqlalchemy as sa
from alembic import op

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLE = "taxes_at_rates"
BEFORE = "module IN ('tax', 'customer', 'item', 'invoice', 'payment', 'credit_note')"
AFTER = "module IN ('tax', 'customer', 'item', 'invoice', 'payment', 'credit_note', 'tax_rate')"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("tax_id", sa.BigInteger(), nullable=False),
        sa.Column("rates", sa.String(500), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{TABLE}_organisation_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "tax_id"], ["taxes.organisation_id", "taxes.id"],
            name=op.f(f"fk_{TABLE}_organisation_id_tax_id"),
        ),
        sa.UniqueConstraint("organisation_id", "tax_id", "rates", name=op.f(f"uq_{TABLE}_organisation_id_tax_id_rates")),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{TABLE}_organisation_id"), TABLE, ["organisation_id"])
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {TABLE} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT SELECT, INSERT ON {TABLE} TO portal_app")
    _allow(AFTER)


def downgrade() -> None:
    op.execute("DELETE FROM mirror_records WHERE module = 'tax_rate'")
    _allow(BEFORE)
    op.drop_table(TABLE)


def _allow(modules: str) -> None:
    op.drop_constraint(op.f("ck_mirror_records_module"), "mirror_records")
    op.create_check_constraint(op.f("ck_mirror_records_module"), "mirror_records", modules)
