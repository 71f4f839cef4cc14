"""Which tax shipping bears is decided as a line's is, and says why; frozen with the rest when sent"""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

WORDS = ("shipping_tax_why", "shipping_tax_reason", "shipping_tax_missing")
FROZEN = ("shipping_usual_tax_id", "shipping_tax_why", "shipping_tax_reason")


def upgrade() -> None:
    op.add_column("invoices", sa.Column("shipping_usual_tax_id", sa.BigInteger(), nullable=True))
    for name in WORDS:
        op.add_column("invoices", sa.Column(name, sa.String(200), server_default="", nullable=False))
    op.create_foreign_key(
        op.f("fk_invoices_organisation_id_shipping_usual_tax_id"), "invoices", "taxes",
        ["organisation_id", "shipping_usual_tax_id"], ["organisation_id", "id"],
    )  # fmt: skip
    # What was chosen on drafts so far; it is decided anew when their prices or taxes are next saved.
    op.execute("UPDATE invoices SET shipping_usual_tax_id = shipping_tax_id WHERE status = 'draft'")
    old, new = (", ".join(f"{row}.{name}" for name in FROZEN) for row in ("OLD", "NEW"))
    op.execute(
        f"CREATE TRIGGER keep_sent_shipping BEFORE UPDATE OF {', '.join(FROZEN)} ON invoices FOR EACH ROW"
        f" WHEN (OLD.status <> 'draft' AND ({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION keep_sent_rates()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_sent_shipping ON invoices")
    op.drop_constraint(op.f("fk_invoices_organisation_id_shipping_usual_tax_id"), "invoices")
    for name in ("shipping_usual_tax_id", *WORDS):
        op.drop_column("invoices", name)
