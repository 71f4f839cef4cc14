"""A deposit can be asked for by a link and paid there: links and attempts are of an invoice, or of such a request"""

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLE = "deposit_requests"
POINTING = ("pay_links", "payment_attempts", "deposits")


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("work_order_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("email", sa.String(254), server_default="", nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=True),
        sa.Column("form_id", sa.String(40), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_as", sa.String(10), server_default="", nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f(f"ck_{TABLE}_amount")),
        sa.CheckConstraint("closed_as IN ('', 'paid', 'withdrawn', 'billed')", name=op.f(f"ck_{TABLE}_closed_as")),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_as = '')", name=op.f(f"ck_{TABLE}_closed")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f(f"uq_{TABLE}_organisation_id_id")),
        sa.UniqueConstraint("organisation_id", "form_id", name=op.f(f"uq_{TABLE}_organisation_id_form_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{TABLE}_organisation_id")),
        *(_belongs(TABLE, table, column)
          for table, column in (("work_orders", "work_order_id"), ("customers", "customer_id"))),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{TABLE}_organisation_id"), TABLE, ["organisation_id"])
    op.create_index(op.f(f"ix_{TABLE}_work_order_id"), TABLE, ["work_order_id"])
    op.create_index(
        "uq_deposit_requests_open", TABLE, ["work_order_id"], unique=True, postgresql_where=sa.text("closed_at IS NULL")
    )
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {TABLE} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {TABLE} TO portal_app")
    _point_at_requests()


def downgrade() -> None:
    op.drop_index("uq_payment_attempts_open_deposit", "payment_attempts")
    for table in POINTING:
        if table != "deposits":
            op.execute(f"DELETE FROM {table} WHERE deposit_request_id IS NOT NULL")
            op.drop_constraint(op.f(f"ck_{table}_target"), table)
            op.alter_column(table, "invoice_id", nullable=False)
        op.drop_column(table, "deposit_request_id")
    op.drop_table(TABLE)


def _point_at_requests() -> None:
    for table in POINTING:
        op.add_column(table, sa.Column("deposit_request_id", sa.BigInteger(), nullable=True))
        op.create_foreign_key(
            op.f(f"fk_{table}_organisation_id_deposit_request_id"), table, TABLE,
            ["organisation_id", "deposit_request_id"], ["organisation_id", "id"],
        )  # fmt: skip
        op.create_index(
            "ix_deposits_request" if table == "deposits" else f"ix_{table}_deposit", table, ["deposit_request_id"],
            postgresql_where=sa.text("deposit_request_id IS NOT NULL"),
        )  # fmt: skip
        if table != "deposits":
            op.alter_column(table, "invoice_id", nullable=True)
            op.create_check_constraint(
                op.f(f"ck_{table}_target"), table, "num_nonnulls(invoice_id, deposit_request_id) = 1"
            )
    op.create_index(
        "uq_payment_attempts_open_deposit", "payment_attempts", ["deposit_request_id"], unique=True,
        postgresql_where=sa.text("state IN ('creating', 'open', 'processing')"),
    )  # fmt: skip


def _belongs(table: str, other: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id", column], [f"{other}.organisation_id", f"{other}.id"],
        name=op.f(f"fk_{table}_organisation_id_{column}"),
    )  # fmt: skip
