"""Passwords chosen by a link in a mail: the link's digest, whose it is, and until when"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLE = "password_tokens"
CLEARED = (
    "DELETE FROM sign_ins s WHERE s.expires_at <= at; DELETE FROM oauth_states o WHERE o.expires_at <= at;"
    " DELETE FROM throttles t WHERE t.window_ends_at <= at"
)


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f(f"pk_{TABLE}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{TABLE}_organisation_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"], ["people.organisation_id", "people.id"],
            name=op.f(f"fk_{TABLE}_organisation_id_person_id"),
        ),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{TABLE}_organisation_id"), TABLE, ["organisation_id"])
    op.create_index(op.f(f"ix_{TABLE}_person_id"), TABLE, ["person_id"])
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {TABLE} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT SELECT, INSERT, DELETE ON {TABLE} TO portal_app")
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    op.execute(f"GRANT SELECT (digest, organisation_id, expires_at), DELETE ON {TABLE} TO portal_gate")
    op.execute(f"CREATE POLICY gate_reads ON {TABLE} FOR SELECT TO portal_gate USING (true)")
    op.execute(f"CREATE POLICY gate_clears ON {TABLE} FOR DELETE TO portal_gate USING (true)")
    op.execute(
        "CREATE FUNCTION gate.password_token(digest bytea, at timestamptz) RETURNS bigint "
        "LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $gate$ "
        f"SELECT t.organisation_id FROM {TABLE} t "
        "WHERE t.digest = password_token.digest AND t.expires_at > password_token.at $gate$"
    )
    op.execute("ALTER FUNCTION gate.password_token OWNER TO portal_gate")
    op.execute("REVOKE ALL ON FUNCTION gate.password_token FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION gate.password_token TO portal_app")
    _clear(f"{CLEARED}; DELETE FROM {TABLE} p WHERE p.expires_at <= at")
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")


def downgrade() -> None:
    _clear(CLEARED)
    op.execute("DROP FUNCTION gate.password_token")
    op.drop_table(TABLE)


def _clear(body: str) -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION gate.clear_expired(at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER "
        f"SET search_path = pg_catalog, public AS $gate$ {body} $gate$"
    )
