"""Who gets a tax is a record of the firm's, instead of a text on each tax"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLE = "tax_authorities"
# Two writings of one name that differ in capitals only are one authority.
GATHER = f"""
    INSERT INTO {TABLE} (organisation_id, name, registration_number, description)
    SELECT organisation_id, min(btrim(authority)), '', '' FROM taxes WHERE btrim(authority) <> ''
     GROUP BY organisation_id, lower(btrim(authority))"""
POINT = f"""
    UPDATE taxes t SET authority_id = a.id FROM {TABLE} a
     WHERE a.organisation_id = t.organisation_id AND lower(a.name) = lower(btrim(t.authority))"""


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("registration_number", sa.String(60), nullable=False),
        sa.Column("description", sa.String(200), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{TABLE}_organisation_id")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f(f"uq_{TABLE}_organisation_id_id")),
        sa.UniqueConstraint("organisation_id", "name", name=op.f(f"uq_{TABLE}_organisation_id_name")),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{TABLE}_organisation_id"), TABLE, ["organisation_id"])
    op.add_column("taxes", sa.Column("authority_id", sa.BigInteger(), nullable=True))
    op.execute("ALTER TABLE taxes NO FORCE ROW LEVEL SECURITY")  # every firm's, by the owner of the tables
    op.execute(GATHER)
    op.execute(POINT)
    op.execute("ALTER TABLE taxes FORCE ROW LEVEL SECURITY")
    op.create_foreign_key(
        op.f("fk_taxes_organisation_id_authority_id"), "taxes", TABLE, ["organisation_id", "authority_id"],
        ["organisation_id", "id"],
    )  # fmt: skip
    op.drop_column("taxes", "authority")
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {TABLE} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {TABLE} TO portal_app")


def downgrade() -> None:
    op.add_column("taxes", sa.Column("authority", sa.String(100), nullable=False, server_default=""))
    for table in ("taxes", TABLE):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(f"UPDATE taxes t SET authority = a.name FROM {TABLE} a WHERE a.id = t.authority_id")
    op.execute("ALTER TABLE taxes FORCE ROW LEVEL SECURITY")
    op.alter_column("taxes", "authority", server_default=None)
    op.drop_column("taxes", "authority_id")
    op.drop_table(TABLE)
