"""An invoice waits for several reasons at once: another amount in the books, and money that went back unasked"""

import sqlalchemy as sa
from alembic import op

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None

STANDS = sa.text("released_at IS NULL")


def upgrade() -> None:
    op.add_column("invoice_holds", sa.Column("kind", sa.String(10), server_default="books", nullable=False))
    op.add_column("invoice_holds", sa.Column("lost_minor", sa.BigInteger(), server_default="0", nullable=False))
    op.create_check_constraint(op.f("ck_invoice_holds_kind"), "invoice_holds", "kind IN ('books', 'back')")
    _one_stands("organisation_id", "invoice_id", "kind")


def downgrade() -> None:
    op.execute("DELETE FROM invoice_holds WHERE kind <> 'books'")
    _one_stands("organisation_id", "invoice_id")
    op.drop_constraint("ck_invoice_holds_kind", "invoice_holds")
    op.drop_column("invoice_holds", "lost_minor")
    op.drop_column("invoice_holds", "kind")


def _one_stands(*columns: str) -> None:
    op.drop_index("uq_invoice_holds_stands", "invoice_holds")
    op.create_index("uq_invoice_holds_stands", "invoice_holds", columns, unique=True, postgresql_where=STANDS)
