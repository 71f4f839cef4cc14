"""Checks of agreement with the books, what was decided about differences, and holds on invoices"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
GRANTS = {
    "agreement_checks": "SELECT, INSERT", "agreement_decisions": "SELECT, INSERT",
    "invoice_holds": "SELECT, INSERT, UPDATE",
}  # fmt: skip
STANDS = sa.text("released_at IS NULL")


def upgrade() -> None:
    _tables()
    for table, rights in GRANTS.items():
        op.create_index(op.f(f"ix_{table}_organisation_id"), table, ["organisation_id"])
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_organisation ON {table} TO portal_app "
            f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
        )
        op.execute(f"GRANT {rights} ON {table} TO portal_app")


def downgrade() -> None:
    for table in ("agreement_decisions", "agreement_checks", "invoice_holds"):
        op.drop_table(table)


def _tables() -> None:
    _table(
        "agreement_checks", _number("link_id"), _number("invoice_id"), _text("cause", 500), _json("ours"),
        _json("theirs"), _text("trace", 64),
        sa.UniqueConstraint("organisation_id", "id", name=op.f("uq_agreement_checks_organisation_id_id")),
        refers={"link_id": "links", "invoice_id": "invoices"},
    )  # fmt: skip
    _table(
        "agreement_decisions", _number("check_id"), _number("link_id"), _number("invoice_id"), _text("kind", 10),
        _text("reason", 200), _number("adjustment_minor"), _json("expects"), _number("decided_by"),
        sa.CheckConstraint("kind IN ('accepted', 'adjusted')", name=op.f("ck_agreement_decisions_kind")),
        refers={"check_id": "agreement_checks", "link_id": "links", "invoice_id": "invoices"},
    )  # fmt: skip
    _table(
        "invoice_holds", _number("invoice_id"), _text("why", 500),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_how", sa.String(10), server_default=sa.text("''"), nullable=False),
        refers={"invoice_id": "invoices"},
    )  # fmt: skip
    for table in ("agreement_checks", "agreement_decisions"):
        op.create_index(f"ix_{table}_invoice", table, ["organisation_id", "invoice_id", "id"])
    op.create_index(
        "uq_invoice_holds_stands", "invoice_holds", ["organisation_id", "invoice_id"], unique=True,
        postgresql_where=STANDS,
    )  # fmt: skip


def _table(name: str, *parts: sa.schema.SchemaItem, refers: dict[str, str]) -> None:
    op.create_table(
        name, *parts,
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
    )  # fmt: skip


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _text(name: str, longest: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(longest), nullable=False)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, postgresql.JSONB(), nullable=False)
