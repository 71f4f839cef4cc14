"""What customers ask about their invoices, and what they were answered"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLE = "questions"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.String(1000), nullable=False),
        sa.Column("answer", sa.String(2000), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f(f"uq_{TABLE}_organisation_id_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{TABLE}_organisation_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "invoice_id"], ["invoices.organisation_id", "invoices.id"],
            name=op.f(f"fk_{TABLE}_organisation_id_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "answered_by"], ["people.organisation_id", "people.id"],
            name=op.f(f"fk_{TABLE}_organisation_id_answered_by"),
        ),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{TABLE}_organisation_id"), TABLE, ["organisation_id"])
    op.create_index(
        f"ix_{TABLE}_waiting", TABLE, ["organisation_id", "invoice_id"],
        postgresql_where=sa.text("answered_at IS NULL"),
    )  # fmt: skip
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {TABLE} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {TABLE} TO portal_app")


def downgrade() -> None:
    op.drop_table(TABLE)
