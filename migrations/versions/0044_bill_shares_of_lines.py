"""Lines cut in pieces that are billed one by one and never come to more than the whole"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("work_order_lines", sa.Column("whole_id", sa.BigInteger(), nullable=True))
    op.add_column("work_order_lines", sa.Column("whole_quantity", sa.Numeric(14, 3), nullable=True))
    op.create_check_constraint(
        "whole", "work_order_lines", "(whole_id IS NULL) = (whole_quantity IS NULL)"
    )  # fmt: skip
    op.create_index(
        "ix_work_order_lines_whole_id", "work_order_lines", ["whole_id"], postgresql_where=sa.text("whole_id IS NOT NULL")
    )  # fmt: skip
    op.execute("""
        CREATE FUNCTION keep_within_whole() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF (SELECT sum(quantity) FROM work_order_lines WHERE whole_id = NEW.whole_id) > NEW.whole_quantity THEN
                RAISE EXCEPTION 'the pieces of line % come to more than the whole', NEW.whole_id
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END $$
    """)
    op.execute(
        "CREATE CONSTRAINT TRIGGER keep_within_whole AFTER INSERT OR UPDATE ON work_order_lines "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.whole_id IS NOT NULL) "
        "EXECUTE FUNCTION keep_within_whole()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_within_whole ON work_order_lines")
    op.execute("DROP FUNCTION keep_within_whole()")
    op.drop_index("ix_work_order_lines_whole_id", table_name="work_order_lines")
    op.drop_constraint("whole", "work_order_lines")
    op.drop_column("work_order_lines", "whole_quantity")
    op.drop_column("work_order_lines", "whole_id")
