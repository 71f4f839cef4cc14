"""One link and one payment page for several invoices of a customer"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLE = "joint_invoices"


def upgrade() -> None:
    op.add_column("pay_links", sa.Column("is_joint", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("payment_attempts", sa.Column("lead_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_payment_attempts_organisation_id_lead_id"), "payment_attempts", "payment_attempts",
        ["organisation_id", "lead_id"], ["organisation_id", "id"],
    )  # fmt: skip
    op.create_index(
        "ix_payment_attempts_lead_id", "payment_attempts", ["lead_id"],
        postgresql_where=sa.text("lead_id IS NOT NULL"),
    )  # fmt: skip
    op.create_table(
        TABLE,
        sa.Column("pay_link_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint("pay_link_id", "invoice_id", name=op.f(f"uq_{TABLE}_pay_link_id_invoice_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{TABLE}_organisation_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "pay_link_id"], ["pay_links.organisation_id", "pay_links.id"],
            name=op.f(f"fk_{TABLE}_organisation_id_pay_link_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "invoice_id"], ["invoices.organisation_id", "invoices.id"],
            name=op.f(f"fk_{TABLE}_organisation_id_invoice_id"),
        ),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{TABLE}_organisation_id"), TABLE, ["organisation_id"])
    op.create_index(op.f(f"ix_{TABLE}_invoice_id"), TABLE, ["invoice_id"])
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {TABLE} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT SELECT, INSERT ON {TABLE} TO portal_app")


def downgrade() -> None:
    op.drop_table(TABLE)
    op.drop_index("ix_payment_attempts_lead_id", table_name="payment_attempts")
    op.drop_constraint(op.f("fk_payment_attempts_organisation_id_lead_id"), "payment_attempts", type_="foreignkey")
    op.drop_column("payment_attempts", "lead_id")
    op.drop_column("pay_links", "is_joint")
