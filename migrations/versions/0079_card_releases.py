"""Cards that were closed after too many refusals and opened again by a person, before the day was over"""

import sqlalchemy as sa
from alembic import op

revision = "0079"
down_revision = "0078"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLE = "card_releases"
OF = {"invoice_id": "invoices", "deposit_request_id": "deposit_requests"}


def upgrade() -> None:
    op.create_table(
        TABLE,
        *(sa.Column(column, sa.BigInteger()) for column in OF),
        sa.Column("released_by", sa.BigInteger(), nullable=False),
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
            for column, table in (OF | {"released_by": "people"}).items()
        ),
        sa.CheckConstraint("num_nonnulls(invoice_id, deposit_request_id) = 1", name=op.f(f"ck_{TABLE}_target")),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{TABLE}_organisation_id"), TABLE, ["organisation_id"])
    for column in OF:
        op.create_index(op.f(f"ix_{TABLE}_{column}"), TABLE, [column])
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {TABLE} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT SELECT, INSERT ON {TABLE} TO portal_app")


def downgrade() -> None:
    op.drop_table(TABLE)
