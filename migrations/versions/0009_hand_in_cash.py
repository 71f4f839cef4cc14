"""The cash purse: what a technician hands in, and what was counted; both only ever added to"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"


def upgrade() -> None:
    _table(
        "cash_hand_ins", {"person_id": "people"},
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("form_id", sa.String(40), nullable=False),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_cash_hand_ins_organisation_id_id")),
        sa.UniqueConstraint("organisation_id", "form_id", name=op.f("uq_cash_hand_ins_organisation_id_form_id")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_cash_hand_ins_amount")),
    )  # fmt: skip
    _table(
        "cash_counts", {"hand_in_id": "cash_hand_ins", "counted_by": "people"},
        sa.Column("counted_minor", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.UniqueConstraint("hand_in_id", name=op.f("uq_cash_counts_hand_in_id")),
        sa.CheckConstraint("counted_minor >= 0", name=op.f("ck_cash_counts_amount")),
    )  # fmt: skip


def _table(name: str, refers: dict[str, str], *parts: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        *(sa.Column(column, sa.BigInteger(), nullable=False) for column in refers),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{name}_organisation_id")),
        *(
            sa.ForeignKeyConstraint(
                ["organisation_id", column], [f"{table}.organisation_id", f"{table}.id"],
                name=op.f(f"fk_{name}_organisation_id_{column}"),
            )
            for column, table in refers.items()
        ),
        *parts,
    )  # fmt: skip
    op.create_index(op.f(f"ix_{name}_organisation_id"), name, ["organisation_id"])
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {name} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT SELECT, INSERT ON {name} TO portal_app")


def downgrade() -> None:
    op.drop_table("cash_counts")
    op.drop_table("cash_hand_ins")
