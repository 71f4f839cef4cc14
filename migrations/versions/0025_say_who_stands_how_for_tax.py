"""How firm, customers and items stand for tax, and what each line's tax was decided by"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLE = "tax_exemptions"
ADDED: dict[str, tuple[sa.Column, ...]] = {
    "organisations": (
        sa.Column("is_tax_registered", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("tax_registered_from", sa.Date(), nullable=True),
        sa.Column("tax_registered_until", sa.Date(), nullable=True),
        sa.Column("tax_place", sa.String(8), server_default="", nullable=False),
    ),
    "taxes": (sa.Column("between_states_id", sa.BigInteger(), nullable=True),),
    "customers": (
        sa.Column("tax_treatment", sa.String(40), server_default="", nullable=False),
        sa.Column("place_of_supply", sa.String(8), server_default="", nullable=False),
        sa.Column("accounts_for_tax", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("tax_id", sa.BigInteger(), nullable=True),
        sa.Column("exemption_id", sa.BigInteger(), nullable=True),
        sa.Column("certificate", sa.String(60), server_default="", nullable=False),
        sa.Column("certificate_until", sa.Date(), nullable=True),
    ),
    "catalogue_items": (
        sa.Column("exemption_id", sa.BigInteger(), nullable=True),
        sa.Column("on_building", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("hsn_sac", sa.String(10), server_default="", nullable=False),
    ),
    "invoice_lines": (
        sa.Column("tax_reason", sa.String(200), server_default="", nullable=False),
        sa.Column("tax_missing", sa.String(200), server_default="", nullable=False),
        sa.Column("tax_override", sa.String(200), server_default="", nullable=False),
        sa.Column("place_of_supply", sa.String(8), server_default="", nullable=False),
        sa.Column("tax_treatment", sa.String(40), server_default="", nullable=False),
        sa.Column("hsn_sac", sa.String(10), server_default="", nullable=False),
    ),
}  # fmt: skip
REFERENCES = (
    ("taxes", "between_states_id", "taxes"), ("customers", "tax_id", "taxes"), ("customers", "exemption_id", TABLE),
    ("catalogue_items", "exemption_id", TABLE),
)  # fmt: skip


def upgrade() -> None:
    _exemptions()
    for table, columns in ADDED.items():
        for column in columns:
            op.add_column(table, column)
    for table, column, to in REFERENCES:
        op.create_foreign_key(
            op.f(f"fk_{table}_organisation_id_{column}"), table, to, ["organisation_id", column],
            ["organisation_id", "id"],
        )  # fmt: skip
    op.alter_column("invoice_lines", "tax_why", type_=sa.String(200))


def _exemptions() -> None:
    op.create_table(
        TABLE,
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("applies_to", sa.String(10), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("applies_to IN ('customer', 'item')", name=op.f(f"ck_{TABLE}_applies_to")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{TABLE}_organisation_id")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f(f"uq_{TABLE}_organisation_id_id")),
        sa.UniqueConstraint("organisation_id", "applies_to", "name",
                            name=op.f(f"uq_{TABLE}_organisation_id_applies_to_name")),
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
    op.alter_column("invoice_lines", "tax_why", type_=sa.String(100), postgresql_using="left(tax_why, 100)")
    for table, column, _to in REFERENCES:
        op.drop_constraint(op.f(f"fk_{table}_organisation_id_{column}"), table)
    for table, columns in ADDED.items():
        for column in columns:
            op.drop_column(table, column.name)
    op.drop_table(TABLE)
