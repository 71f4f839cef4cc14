"""How far Zoho's changes are read, and what is asked about them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
CURSORS, QUESTIONS = "pull_cursors", "zoho_questions"


def upgrade() -> None:
    _cursors()
    _questions()
    _gate()


def _cursors() -> None:
    _table(
        CURSORS, _text("module", 20, default=None), _instant("since", nullable=False), _instant("lower"),
        _count("page", "1"), _instant("highest"), _instant("began_at"), _instant("next_look_at"),
        _instant("looked_at"), _count("idle_looks", "0"), _count("calls", "0"), _count("found", "0"), _text("problem", 300, default="''"),
        sa.UniqueConstraint("link_id", "module", name=op.f(f"uq_{CURSORS}_link_id_module")),
    )  # fmt: skip


def _questions() -> None:
    _table(
        QUESTIONS, _text("module", 20, default=None), sa.Column("local_id", sa.BigInteger(), nullable=True),
        _text("remote_id", 40, default=None), _text("kind", 10, default=None), _text("field", 40, default=None),
        sa.Column("ours", sa.Text(), nullable=False), sa.Column("theirs", sa.Text(), nullable=False),
        _text("ours_by", 200, default=None), _instant("ours_at"), _instant("theirs_at"),
        sa.Column("facts", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        _text("decision", 10, default=None), _text("decided_by", 200, default=None), _instant("decided_at"),
        sa.CheckConstraint("kind IN ('field', 'twice', 'gone', 'status')", name=op.f(f"ck_{QUESTIONS}_kind")),
        sa.UniqueConstraint("organisation_id", "id", name=op.f(f"uq_{QUESTIONS}_organisation_id_id")),
    )  # fmt: skip
    op.create_index(
        "uq_zoho_questions_open", QUESTIONS, ["link_id", "module", "remote_id", "kind", "field"], unique=True,
        postgresql_where=sa.text("decision = ''"),
    )  # fmt: skip


def _table(name: str, *parts: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        *parts,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{name}_organisation_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "link_id"], ["links.organisation_id", "links.id"],
            name=op.f(f"fk_{name}_organisation_id_link_id"),
        ),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{name}_organisation_id"), name, ["organisation_id"])
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {name} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {name} TO portal_app")


def _gate() -> None:
    """The sweeper looks across firms for modules that are to be read again."""
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    op.execute(f"GRANT SELECT (organisation_id, link_id, next_look_at) ON {CURSORS} TO portal_gate")
    op.execute(f"CREATE POLICY gate_reads ON {CURSORS} FOR SELECT TO portal_gate USING (true)")
    op.execute(
        "CREATE FUNCTION gate.due_pulls(at timestamptz) RETURNS TABLE (queue text, organisation_id bigint) "
        "LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $gate$ "
        f"SELECT DISTINCT 'mirror', c.organisation_id FROM {CURSORS} c JOIN links l ON l.id = c.link_id "
        "WHERE c.next_look_at <= at AND l.archived_at IS NULL AND (l.quiet_until IS NULL OR l.quiet_until <= at) "
        "AND (l.lease_until IS NULL OR l.lease_until <= at) $gate$"
    )
    op.execute("ALTER FUNCTION gate.due_pulls OWNER TO portal_gate")
    op.execute("REVOKE ALL ON FUNCTION gate.due_pulls FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION gate.due_pulls TO portal_app")
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")


def _text(name: str, longest: int, *, default: str | None) -> sa.Column[str]:
    return sa.Column(name, sa.String(longest), server_default=sa.text(default) if default else None, nullable=False)


def _instant(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _count(name: str, default: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default=sa.text(default), nullable=False)


def downgrade() -> None:
    op.execute("DROP FUNCTION gate.due_pulls")
    op.drop_table(QUESTIONS)
    op.drop_table(CURSORS)
