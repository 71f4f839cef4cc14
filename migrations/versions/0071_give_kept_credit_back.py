"""What a credit note left with the customer can be given back by hand, and no note is used beyond its worth"""

import sqlalchemy as sa
from alembic import op

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLE = "credit_refunds"
USED_BY = ("credit_applications", TABLE)


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("credit_note_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("way", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("from_purse_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refunded_by", sa.BigInteger(), nullable=False),
        sa.Column("form_id", sa.String(60), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f(f"ck_{TABLE}_amount")),
        sa.CheckConstraint("from_purse_minor BETWEEN 0 AND amount_minor", name=op.f(f"ck_{TABLE}_purse")),
        sa.CheckConstraint("way IN ('cash', 'bank_transfer')", name=op.f(f"ck_{TABLE}_way")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint("organisation_id", "form_id", name=op.f(f"uq_{TABLE}_organisation_id_form_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{TABLE}_organisation_id")),
        *(sa.ForeignKeyConstraint(
              ["organisation_id", column], [f"{table}.organisation_id", f"{table}.id"],
              name=op.f(f"fk_{TABLE}_organisation_id_{column}"),
          ) for table, column in (("credit_notes", "credit_note_id"), ("people", "refunded_by"))),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{TABLE}_organisation_id"), TABLE, ["organisation_id"])
    op.create_index(op.f(f"ix_{TABLE}_credit_note_id"), TABLE, ["credit_note_id"])
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {TABLE} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT SELECT, INSERT ON {TABLE} TO portal_app")
    _keep_notes_whole()


def downgrade() -> None:
    for table in USED_BY:
        op.execute(f"DROP TRIGGER keep_credit_note_whole ON {table}")
    op.execute("DROP FUNCTION keep_credit_note_whole()")
    op.drop_table(TABLE)


def _keep_notes_whole() -> None:
    op.execute("""
        CREATE FUNCTION keep_credit_note_whole() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF (SELECT n.total_minor - n.withheld_minor FROM credit_notes n WHERE n.id = NEW.credit_note_id)
             < (SELECT COALESCE(sum(a.amount_minor), 0) FROM credit_applications a
                 WHERE a.credit_note_id = NEW.credit_note_id)
             + (SELECT COALESCE(sum(r.amount_minor), 0) FROM credit_refunds r
                 WHERE r.credit_note_id = NEW.credit_note_id)
          THEN RAISE EXCEPTION 'more of credit note % is used than it is worth', NEW.credit_note_id
            USING ERRCODE = 'check_violation';
          END IF;
          RETURN NULL;
        END $$""")
    for table in USED_BY:
        op.execute(
            f"CREATE TRIGGER keep_credit_note_whole AFTER INSERT ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION keep_credit_note_whole()"
        )
