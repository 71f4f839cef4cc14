"""Papers are kept as they went out, and a sent invoice keeps what it says of the firm"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLE = "documents"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("edition", sa.String(40), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('invoice', 'credit_note', 'receipt')", name=op.f(f"ck_{TABLE}_kind")),
        sa.CheckConstraint("sha256 = sha256(content)", name=op.f(f"ck_{TABLE}_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{TABLE}_organisation_id")),
        sa.UniqueConstraint(
            "organisation_id", "kind", "record_id", "edition",
            name=op.f(f"uq_{TABLE}_organisation_id_kind_record_id_edition"),
        ),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{TABLE}_organisation_id"), TABLE, ["organisation_id"])
    op.execute(f"ALTER TABLE {TABLE} ALTER COLUMN content SET STORAGE EXTERNAL")  # a PDF is compressed already
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {TABLE} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT SELECT, INSERT ON {TABLE} TO portal_app")
    op.add_column("invoices", sa.Column("letterhead", JSONB(), nullable=True))
    op.add_column("credit_notes", sa.Column("letterhead", JSONB(), nullable=True))
    op.add_column("customers", sa.Column("language", sa.String(5), server_default="", nullable=False))
    op.add_column("messages", sa.Column("attachment", sa.String(40), server_default="", nullable=False))
    op.execute("""
        CREATE FUNCTION keep_sent_letterhead() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          RAISE EXCEPTION 'invoice % is sent and frozen', OLD.number USING ERRCODE = 'restrict_violation';
        END $$""")
    op.execute(
        "CREATE TRIGGER keep_sent_letterhead BEFORE UPDATE OF letterhead ON invoices FOR EACH ROW"
        " WHEN (OLD.status <> 'draft' AND OLD.letterhead IS DISTINCT FROM NEW.letterhead)"
        " EXECUTE FUNCTION keep_sent_letterhead()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_sent_letterhead ON invoices")
    op.execute("DROP FUNCTION keep_sent_letterhead()")
    op.drop_column("messages", "attachment")
    op.drop_column("customers", "language")
    op.drop_column("credit_notes", "letterhead")
    op.drop_column("invoices", "letterhead")
    op.drop_table(TABLE)
