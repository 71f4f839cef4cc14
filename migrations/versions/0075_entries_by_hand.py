"""What is to be entered by hand in an organisation that was left, and who did"""

import sqlalchemy as sa
from alembic import op

revision = "0075"
down_revision = "0074"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLE = "entries_by_hand"
WHAT = "('new', 'put', 'off', 'back', 'undo', 'look', 'invoice', 'void', 'written_off', 'owed')"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("module", sa.String(20), nullable=False),
        sa.Column("local_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger()),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(12), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("reference", sa.String(60), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("put_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("method", sa.String(40), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True)),
        sa.Column("entered_by", sa.String(200), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{TABLE}_organisation_id")),
        *(_within(column, table) for column, table in
          (("link_id", "links"), ("invoice_id", "invoices"), ("customer_id", "customers"))),
        sa.CheckConstraint("module IN ('invoice', 'payment', 'credit_note')", name=op.f(f"ck_{TABLE}_module")),
        sa.CheckConstraint(f"what IN {WHAT}", name=op.f(f"ck_{TABLE}_what")),
        sa.CheckConstraint("amount_minor >= 0", name=op.f(f"ck_{TABLE}_amount")),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{TABLE}_organisation_id"), TABLE, ["organisation_id"])
    op.create_index(f"ix_{TABLE}_of", TABLE, ["organisation_id", "link_id", "module", "local_id"])
    op.create_index(f"ix_{TABLE}_open", TABLE, ["organisation_id"], postgresql_where=sa.text("entered_at IS NULL"))
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {TABLE} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT SELECT, INSERT, DELETE, UPDATE ON {TABLE} TO portal_app")


def downgrade() -> None:
    op.drop_table(TABLE)


def _within(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id", column], [f"{table}.organisation_id", f"{table}.id"],
        name=op.f(f"fk_{TABLE}_organisation_id_{column}"),
    )  # fmt: skip
