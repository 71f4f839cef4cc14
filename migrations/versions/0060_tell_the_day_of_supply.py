"""The day on which the work was done decides which rate counts; frozen with the rest when the invoice is sent"""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("invoices", sa.Column("supplied_on", sa.Date(), nullable=True))
    op.execute("""
        CREATE FUNCTION keep_sent_supply() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          RAISE EXCEPTION 'invoice % is sent and frozen', OLD.number USING ERRCODE = 'restrict_violation';
        END $$""")
    op.execute(
        "CREATE TRIGGER keep_sent_supply BEFORE UPDATE OF supplied_on ON invoices FOR EACH ROW"
        " WHEN (OLD.status <> 'draft' AND OLD.supplied_on IS DISTINCT FROM NEW.supplied_on)"
        " EXECUTE FUNCTION keep_sent_supply()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_sent_supply ON invoices")
    op.execute("DROP FUNCTION keep_sent_supply()")
    op.drop_column("invoices", "supplied_on")
