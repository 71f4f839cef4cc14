"""A credit note can be voided: what it was put to is taken off again, and nothing is put or given back of it after that"""

import sqlalchemy as sa
from alembic import op

revision = "0094"
down_revision = "0093"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLE = "credit_note_voids"
_USED = """
    CREATE OR REPLACE FUNCTION keep_credit_note_whole() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (SELECT n.total_minor - n.withheld_minor FROM credit_notes n WHERE n.id = NEW.credit_note_id)
         < (SELECT COALESCE(sum(a.amount_minor), 0) FROM credit_applications a
             WHERE a.credit_note_id = NEW.credit_note_id)
         + (SELECT COALESCE(sum(r.amount_minor), 0) FROM credit_refunds r
             WHERE r.credit_note_id = NEW.credit_note_id)
      THEN RAISE EXCEPTION 'more of credit note % is used than it is worth', NEW.credit_note_id
        USING ERRCODE = 'check_violation';
      END IF;{more}
      RETURN NULL;
    END $$"""
_MORE = """
      IF EXISTS (SELECT 1 FROM credit_applications a WHERE a.credit_note_id = NEW.credit_note_id
                  GROUP BY a.invoice_id HAVING sum(a.amount_minor) < 0)
      THEN RAISE EXCEPTION 'more of credit note % is taken off an invoice than was put to it', NEW.credit_note_id
        USING ERRCODE = 'check_violation';
      END IF;
      IF EXISTS (SELECT 1 FROM credit_note_voids v WHERE v.credit_note_id = NEW.credit_note_id)
      THEN RAISE EXCEPTION 'credit note % is void', NEW.credit_note_id USING ERRCODE = 'check_violation';
      END IF;"""


def upgrade() -> None:
    _of_voids()
    op.add_column("refunds", sa.Column("credit_note_id", sa.BigInteger()))
    op.create_foreign_key(
        op.f("fk_refunds_organisation_id_credit_note_id"), "refunds", "credit_notes",
        ["organisation_id", "credit_note_id"], ["organisation_id", "id"],
    )  # fmt: skip
    op.create_index(op.f("ix_refunds_credit_note_id"), "refunds", ["credit_note_id"])
    _of_every_firm(
        """
        UPDATE refunds r SET credit_note_id = n.id FROM credit_notes n
         WHERE r.organisation_id = n.organisation_id AND r.form_id LIKE '%:%'
           AND split_part(r.form_id, ':', 1) IN (n.form_id, 'note-' || n.id)""",
        "refunds",
        "credit_notes",
    )
    op.drop_constraint("ck_credit_applications_amount", "credit_applications")
    op.create_check_constraint(op.f("ck_credit_applications_amount"), "credit_applications", "amount_minor <> 0")
    op.execute(_USED.format(more=_MORE))
    op.execute("""
        CREATE FUNCTION keep_void_notes_unused() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF (SELECT COALESCE(sum(a.amount_minor), 0) FROM credit_applications a
               WHERE a.credit_note_id = NEW.credit_note_id) <> 0
             OR EXISTS (SELECT 1 FROM credit_refunds r WHERE r.credit_note_id = NEW.credit_note_id)
          THEN RAISE EXCEPTION 'credit note % is in use', NEW.credit_note_id USING ERRCODE = 'check_violation';
          END IF;
          RETURN NULL;
        END $$""")
    op.execute(
        f"CREATE TRIGGER keep_void_notes_unused AFTER INSERT ON {TABLE} "
        "FOR EACH ROW EXECUTE FUNCTION keep_void_notes_unused()"
    )


def downgrade() -> None:
    op.drop_table(TABLE)
    op.execute("DROP FUNCTION keep_void_notes_unused()")
    op.execute(_USED.format(more=""))
    _of_every_firm("DELETE FROM credit_applications WHERE amount_minor < 0", "credit_applications")
    op.drop_constraint("ck_credit_applications_amount", "credit_applications")
    op.create_check_constraint(op.f("ck_credit_applications_amount"), "credit_applications", "amount_minor > 0")
    op.drop_column("refunds", "credit_note_id")


def _of_every_firm(statement: str, *tables: str) -> None:
    """Rows are hidden from the owner of the tables, too."""
    for table in tables:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(statement)
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks still to come cannot be altered
    for table in tables:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def _of_voids() -> None:
    op.create_table(
        TABLE,
        sa.Column("credit_note_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("voided_by", sa.BigInteger()),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint("credit_note_id", name=op.f(f"uq_{TABLE}_credit_note_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{TABLE}_organisation_id")),
        *(sa.ForeignKeyConstraint(
              ["organisation_id", column], [f"{table}.organisation_id", f"{table}.id"],
              name=op.f(f"fk_{TABLE}_organisation_id_{column}"),
          ) for table, column in (("credit_notes", "credit_note_id"), ("people", "voided_by"))),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{TABLE}_organisation_id"), TABLE, ["organisation_id"])
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {TABLE} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT SELECT, INSERT ON {TABLE} TO portal_app")
