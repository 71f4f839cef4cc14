"""Cards that customers save, who they are at Stripe, and what they agreed to"""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
TABLES = {
    "stripe_customers": "SELECT, INSERT, UPDATE",
    "card_consents": "SELECT, INSERT",
    "saved_cards": "SELECT, INSERT, UPDATE",
}


def upgrade() -> None:
    op.add_column(
        "payment_attempts", sa.Column("card_use", sa.String(15), server_default=sa.text("''"), nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_payment_attempts_card_use"), "payment_attempts",
        "card_use IN ('', 'keep', 'autopay', 'saved', 'saved_autopay', 'charge')",
    )  # fmt: skip
    _customers()
    _consents()
    _cards()
    for table, grants in TABLES.items():
        op.create_index(op.f(f"ix_{table}_organisation_id"), table, ["organisation_id"])
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_organisation ON {table} TO portal_app "
            f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
        )
        op.execute(f"GRANT {grants} ON {table} TO portal_app")
    _gate()


def _customers() -> None:
    _table(
        "stripe_customers", {"customer_id": "customers", "stripe_account_id": "stripe_accounts"},
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("remote_id", sa.String(80), nullable=True),
        sa.UniqueConstraint(
            "organisation_id", "customer_id", "stripe_account_id",
            name=op.f("uq_stripe_customers_organisation_id_customer_id_stripe_account_id"),
        ),
    )  # fmt: skip


def _consents() -> None:
    table = "card_consents"
    _table(
        table, {"customer_id": "customers", "attempt_id": "payment_attempts", "pay_link_id": "pay_links"},
        sa.Column("language", sa.String(5), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("with_autopay", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("organisation_id", "id", name=op.f(f"uq_{table}_organisation_id_id")),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{table}_customer_id"), table, ["customer_id"])
    op.create_index(op.f(f"ix_{table}_attempt_id"), table, ["attempt_id"])


def _cards() -> None:
    table = "saved_cards"
    _table(
        table, {"customer_id": "customers", "stripe_account_id": "stripe_accounts", "consent_id": "card_consents"},
        sa.Column("stripe_customer", sa.String(80), nullable=False),
        sa.Column("payment_method_id", sa.String(80), nullable=False),
        sa.Column("brand", sa.String(40), nullable=False),
        sa.Column("last4", sa.String(4), nullable=False),
        sa.Column("exp_month", sa.BigInteger(), nullable=False),
        sa.Column("exp_year", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("ended_by", sa.String(10), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.String(300), nullable=False),
        sa.UniqueConstraint("organisation_id", "id", name=op.f(f"uq_{table}_organisation_id_id")),
        sa.UniqueConstraint(
            "organisation_id", "payment_method_id", name=op.f(f"uq_{table}_organisation_id_payment_method_id")
        ),
        sa.CheckConstraint("state IN ('kept', 'removing', 'removed')", name=op.f(f"ck_{table}_state")),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{table}_customer_id"), table, ["customer_id"])
    op.create_index(f"uq_{table}_kept", table, ["customer_id"], unique=True, postgresql_where=sa.text("state = 'kept'"))
    op.create_index(f"ix_{table}_removing", table, ["look_at"], postgresql_where=sa.text("state = 'removing'"))


def _gate() -> None:
    """The sweeper looks across firms for cards that Stripe is still to forget."""
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    op.execute("GRANT SELECT (organisation_id, state, look_at) ON saved_cards TO portal_gate")
    op.execute("CREATE POLICY gate_reads ON saved_cards FOR SELECT TO portal_gate USING (true)")
    op.execute(
        "CREATE FUNCTION gate.due_cards(at timestamptz) RETURNS TABLE (queue text, organisation_id bigint) "
        "LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $gate$ "
        "SELECT DISTINCT 'payments', c.organisation_id FROM saved_cards c "
        "WHERE c.state = 'removing' AND c.look_at <= at $gate$"
    )
    op.execute("ALTER FUNCTION gate.due_cards OWNER TO portal_gate")
    op.execute("REVOKE ALL ON FUNCTION gate.due_cards FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION gate.due_cards TO portal_app")
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")


def _table(name: str, parents: dict[str, str], *parts: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        *(sa.Column(column, sa.BigInteger(), nullable=False) for column in parents),
        *parts,
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"),
                  nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{name}_organisation_id")),
        *(
            sa.ForeignKeyConstraint(
                ["organisation_id", column], [f"{parent}.organisation_id", f"{parent}.id"],
                name=op.f(f"fk_{name}_organisation_id_{column}"),
            )
            for column, parent in parents.items()
        ),
    )  # fmt: skip


def downgrade() -> None:
    op.execute("DROP FUNCTION gate.due_cards")
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_column("payment_attempts", "card_use")
