"""Reconciliation: runs, what was read, sums by month and drift; the sweeper sees what is due"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
RUNS, ROWS, MONTHS, DRIFTS = (
    "reconciliations", "reconciliation_rows", "reconciliation_months", "reconciliation_drifts"
)  # fmt: skip
GRANTS = {
    RUNS: "SELECT, INSERT, UPDATE (stage, module, page, tries, look_at, finished_at, moving, drifts, words)",
    ROWS: "SELECT, INSERT, UPDATE, DELETE",
    MONTHS: "SELECT, INSERT",
    DRIFTS: "SELECT, INSERT",
}
# Each firm's night begins between one and four o'clock of its own time, so that not all come at once.
DUE = """
    SELECT 'mirror', l.organisation_id FROM links l JOIN organisations o ON o.id = l.organisation_id
     WHERE l.archived_at IS NULL AND (l.quiet_until IS NULL OR l.quiet_until <= at)
       AND (l.lease_until IS NULL OR l.lease_until <= at)
       AND (l.setup_steps ? 'start' OR NOT l.setup_steps ? 'begun')
       AND (EXISTS (SELECT FROM reconciliations r
                     WHERE r.link_id = l.id AND r.finished_at IS NULL AND r.look_at <= at)
            OR (l.created_at < gate.night_before(at, o.time_zone, o.id)
                AND NOT EXISTS (SELECT FROM reconciliations r
                                 WHERE r.link_id = l.id AND r.created_at >= gate.night_before(at, o.time_zone, o.id))))
"""
NIGHT = """
    SELECT (date_trunc('day', n.at AT TIME ZONE zone) + n.begins
            - CASE WHEN (n.at AT TIME ZONE zone)::time < n.begins::time THEN interval '1 day' ELSE interval '0' END
           ) AT TIME ZONE zone
      FROM (SELECT at, interval '1 hour' + mod(id, 180) * interval '1 minute' AS begins) n
"""
KEPT_DAYS = 400
CLEAR = (
    "; ".join(
        f"DELETE FROM {table} t WHERE t.run_id IN (SELECT id FROM reconciliations WHERE created_at < at - interval"
        f" '{KEPT_DAYS} days')"
        for table in (ROWS, MONTHS, DRIFTS)
    )
    + f"; DELETE FROM {RUNS} t WHERE t.created_at < at - interval '{KEPT_DAYS} days'"
)


def upgrade() -> None:
    _tables()
    for table, grant in GRANTS.items():
        op.create_index(op.f(f"ix_{table}_organisation_id"), table, ["organisation_id"])
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_organisation ON {table} TO portal_app "
            f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
        )
        op.execute(f"GRANT {grant} ON {table} TO portal_app")
        key = "id, created_at, organisation_id, link_id, finished_at, look_at" if table == RUNS else "run_id"
        op.execute(f"GRANT SELECT ({key}), DELETE ON {table} TO portal_gate")
        op.execute(f"CREATE POLICY gate_reads ON {table} FOR SELECT TO portal_gate USING (true)")
        op.execute(f"CREATE POLICY gate_clears ON {table} FOR DELETE TO portal_gate USING (true)")
    op.execute("GRANT SELECT (time_zone) ON organisations TO portal_gate")
    op.execute("GRANT SELECT (created_at, setup_steps) ON links TO portal_gate")
    op.execute("GRANT USAGE ON SCHEMA gate TO portal_gate")  # one of these calls another
    _gate("night_before(at timestamptz, zone text, id bigint)", "timestamptz", NIGHT)
    _gate("due_reconciliations(at timestamptz)", "TABLE (queue text, organisation_id bigint)", DUE)
    _gate("clear_old_reconciliations(at timestamptz)", "void", CLEAR)


def _gate(signature: str, returns: str, body: str) -> None:
    name = signature.partition("(")[0]
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    op.execute(
        f"CREATE FUNCTION gate.{signature} RETURNS {returns} LANGUAGE sql SECURITY DEFINER "
        f"SET search_path = pg_catalog, public AS $gate$ {body} $gate$"
    )
    op.execute(f"ALTER FUNCTION gate.{name} OWNER TO portal_gate")
    op.execute(f"REVOKE ALL ON FUNCTION gate.{name} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION gate.{name} TO portal_app")
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")


def _tables() -> None:
    _table(
        RUNS,
        _number("link_id"), _text("asked_by", 200), _text("stage", 10), _text("module", 20), _number("page"),
        _number("tries"),
        sa.Column("look_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        _number("moving"), _number("drifts"), _text("words", 300),
        _belongs(RUNS, "links", "link_id"),
        sa.UniqueConstraint("organisation_id", "id", name=op.f(f"uq_{RUNS}_organisation_id_id")),
        sa.CheckConstraint("stage IN ('reading', 'confirming', 'done', 'stopped')", name=op.f(f"ck_{RUNS}_stage")),
    )  # fmt: skip
    op.create_index("ix_reconciliations_link_id", RUNS, ["organisation_id", "link_id", "created_at"])
    op.create_index(
        "uq_reconciliations_open", RUNS, ["link_id"], unique=True, postgresql_where=sa.text("finished_at IS NULL")
    )
    _table(
        ROWS,
        *_of_run(ROWS), _text("remote_id", 40), _text("number", 100), _text("label", 200),
        sa.Column("day", sa.Date(), nullable=True), _text("status", 20), _number("total_minor"), _number("open_minor"),
        sa.UniqueConstraint("run_id", "module", "remote_id", name=op.f(f"uq_{ROWS}_run_id_module_remote_id")),
    )  # fmt: skip
    sums = [
        f"{side}_{what}" for side in ("our", "their") for what in ("count", "total_minor", "tax_minor", "open_minor")
    ]
    _table(
        MONTHS,
        *_of_run(MONTHS), sa.Column("month", sa.Date(), nullable=True), *map(_number, sums),
        sa.UniqueConstraint(
            "run_id", "module", "month", name=op.f(f"uq_{MONTHS}_run_id_module_month"),
            postgresql_nulls_not_distinct=True,
        ),
    )  # fmt: skip
    _table(
        DRIFTS,
        *_of_run(DRIFTS), _text("cause", 20), sa.Column("local_id", sa.BigInteger(), nullable=True),
        _text("remote_id", 40), _text("label", 200), _text("ours", 300), _text("theirs", 300),
        _text("theirs_status", 20),
        sa.UniqueConstraint("organisation_id", "id", name=op.f(f"uq_{DRIFTS}_organisation_id_id")),
    )  # fmt: skip
    op.create_index("ix_reconciliation_drifts_run_id", DRIFTS, ["organisation_id", "run_id"])


def _of_run(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return _number("run_id"), _text("module", 20), _belongs(table, RUNS, "run_id")


def _belongs(table: str, other: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id", column], [f"{other}.organisation_id", f"{other}.id"],
        name=op.f(f"fk_{table}_organisation_id_{column}"),
    )  # fmt: skip


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _text(name: str, longest: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(longest), nullable=False)


def _table(name: str, *parts: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{name}_organisation_id")),
        *parts,
    )  # fmt: skip


def downgrade() -> None:
    for function in ("due_reconciliations", "clear_old_reconciliations", "night_before"):
        op.execute(f"DROP FUNCTION gate.{function}")
    op.execute("REVOKE USAGE ON SCHEMA gate FROM portal_gate")
    op.execute("REVOKE SELECT (time_zone) ON organisations FROM portal_gate")
    op.execute("REVOKE SELECT (created_at, setup_steps) ON links FROM portal_gate")
    for table in (DRIFTS, MONTHS, ROWS, RUNS):
        op.drop_table(table)
