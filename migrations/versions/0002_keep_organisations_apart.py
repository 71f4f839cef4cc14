"""Row-level security, what the runtime role may do, and the few functions that look across organisations"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TENANT_TABLES = (
    "addresses", "allocations", "appointments", "audit_entries", "billing_claims", "catalogue_items", "contacts",
    "customers", "invoice_lines", "invoice_taxes", "invoices", "links", "messages", "mirror_records", "number_series",
    "oauth_states", "outbox", "pay_links", "payment_attempts", "payments", "people", "roles", "sign_ins",
    "stripe_accounts", "stripe_events", "tax_rates", "taxes", "work_order_lines", "work_orders", "zoho_consents",
)  # fmt: skip
# Money and the trail are only ever added to: a correction is a new row.
APPEND_ONLY = ("allocations", "audit_entries", "payments")
# Of invoices and their claims only those of drafts: a trigger holds the sent ones.
DELETABLE = (
    "billing_claims", "invoice_lines", "invoice_taxes", "invoices", "oauth_states", "roles", "sign_ins",
    "work_order_lines",
)  # fmt: skip

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"


def upgrade() -> None:
    _roles()
    for table in TENANT_TABLES:
        _keep_apart(table, "organisation_id")
    _keep_apart("organisations", "id")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON throttles TO portal_app")
    op.execute("GRANT SELECT ON alembic_version TO portal_app")
    op.execute("GRANT USAGE ON SEQUENCE organisations_id_seq TO portal_app")  # sign-up takes its number first
    _gate()


def _roles() -> None:
    for role in ("portal_app", "portal_gate"):
        op.execute(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
            f"THEN CREATE ROLE {role} NOLOGIN; END IF; END $$"
        )
    op.execute("GRANT USAGE ON SCHEMA public TO portal_app, portal_gate")


def _keep_apart(table: str, column: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {table} TO portal_app "
        f"USING ({column} = {CURRENT}) WITH CHECK ({column} = {CURRENT})"
    )
    verbs = "SELECT, INSERT" + ("" if table in APPEND_ONLY else ", UPDATE") + (", DELETE" if table in DELETABLE else "")
    op.execute(f"GRANT {verbs} ON {table} TO portal_app")


# What the gate may read, column by column. It may change nothing but what has expired.
GATE_READS = {
    "people": "id, organisation_id, email, password_hash, is_active",
    "sign_ins": "digest, organisation_id, expires_at",
    "pay_links": "id, organisation_id, token_digest",
    "payment_attempts": "id, organisation_id, public_id, state, look_at",
    "stripe_accounts": "id, organisation_id, endpoint_key, closed_at",
    "stripe_events": "organisation_id, state, next_try_at",
    "messages": "organisation_id, state, next_try_at",
    "links": "id, organisation_id, archived_at, quiet_until, lease_until, remote_organisation_id",
    "outbox": "organisation_id, subject, subject_id, version, is_settled",
    "mirror_records": "link_id, module, local_id, version_pushed, state, next_try_at",
    "oauth_states": "digest, expires_at",
    "throttles": "key, window_ends_at",
}
GATE_CLEARS = ("sign_ins", "oauth_states", "throttles")

GATE_FUNCTIONS = {
    "sign_in_candidate(email text)": (
        "TABLE (person_id bigint, organisation_id bigint, password_hash varchar, is_active boolean)",
        "SELECT p.id, p.organisation_id, p.password_hash, p.is_active FROM people p"
        " WHERE lower(p.email) = lower(sign_in_candidate.email)",
    ),
    "sign_in_organisation(digest bytea, at timestamptz)": (
        "bigint",
        "SELECT s.organisation_id FROM sign_ins s"
        " WHERE s.digest = sign_in_organisation.digest AND s.expires_at > sign_in_organisation.at",
    ),
    "pay_link(digest bytea)": (
        "TABLE (organisation_id bigint, pay_link_id bigint)",
        "SELECT l.organisation_id, l.id FROM pay_links l WHERE l.token_digest = pay_link.digest",
    ),
    "payment_attempt(public_id uuid)": (
        "TABLE (organisation_id bigint, attempt_id bigint)",
        "SELECT a.organisation_id, a.id FROM payment_attempts a WHERE a.public_id = payment_attempt.public_id",
    ),
    "stripe_endpoint(endpoint_key text)": (
        "TABLE (organisation_id bigint, stripe_account_id bigint)",
        "SELECT s.organisation_id, s.id FROM stripe_accounts s"
        " WHERE s.endpoint_key = stripe_endpoint.endpoint_key AND s.closed_at IS NULL",
    ),
    "is_linked_elsewhere(remote_organisation_id text, organisation_id bigint)": (
        "boolean",
        "SELECT EXISTS (SELECT FROM links l WHERE l.archived_at IS NULL"
        " AND l.remote_organisation_id = is_linked_elsewhere.remote_organisation_id"
        " AND l.organisation_id <> is_linked_elsewhere.organisation_id)",
    ),
    "due_work(at timestamptz)": (
        "TABLE (queue text, organisation_id bigint)",
        """
        SELECT 'payments', e.organisation_id FROM stripe_events e
         WHERE e.state = 'new' AND e.next_try_at <= at
        UNION SELECT 'payments', a.organisation_id FROM payment_attempts a
         WHERE a.state IN ('creating', 'open', 'processing') AND a.look_at <= at
        UNION SELECT 'mail', m.organisation_id FROM messages m
         WHERE m.state = 'waiting' AND m.next_try_at <= at
        UNION SELECT 'mirror', l.organisation_id FROM links l
         WHERE l.archived_at IS NULL AND (l.quiet_until IS NULL OR l.quiet_until <= at)
           AND (l.lease_until IS NULL OR l.lease_until <= at)
           AND EXISTS (
             SELECT FROM outbox o LEFT JOIN mirror_records r
               ON r.link_id = l.id AND r.module = o.subject AND r.local_id = o.subject_id
              WHERE o.organisation_id = l.organisation_id AND NOT o.is_settled
                AND o.subject IN ('tax', 'customer', 'item', 'invoice', 'payment')
                AND (r.link_id IS NULL
                     OR (o.version > r.version_pushed AND r.state NOT IN ('conflict', 'paused')
                         AND r.next_try_at <= at)))
        """,
    ),
    "clear_expired(at timestamptz)": (
        "void",
        "DELETE FROM sign_ins s WHERE s.expires_at <= at; DELETE FROM oauth_states o WHERE o.expires_at <= at;"
        " DELETE FROM throttles t WHERE t.window_ends_at <= at",
    ),
}


def _gate() -> None:
    op.execute("CREATE SCHEMA gate")
    op.execute("GRANT USAGE ON SCHEMA gate TO portal_app")
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    for table, columns in GATE_READS.items():
        op.execute(f"GRANT SELECT ({columns}) ON {table} TO portal_gate")
        if table != "throttles":
            op.execute(f"CREATE POLICY gate_reads ON {table} FOR SELECT TO portal_gate USING (true)")
    for table in GATE_CLEARS:
        op.execute(f"GRANT DELETE ON {table} TO portal_gate")
        if table != "throttles":
            op.execute(f"CREATE POLICY gate_clears ON {table} FOR DELETE TO portal_gate USING (true)")
    for signature, (returns, body) in GATE_FUNCTIONS.items():
        op.execute(
            f"CREATE FUNCTION gate.{signature} RETURNS {returns} LANGUAGE sql SECURITY DEFINER "
            f"SET search_path = pg_catalog, public AS $gate$ {body} $gate$"
        )
        name = signature.partition("(")[0]
        op.execute(f"ALTER FUNCTION gate.{name} OWNER TO portal_gate")
        op.execute(f"REVOKE ALL ON FUNCTION gate.{name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION gate.{name} TO portal_app")
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")


def downgrade() -> None:
    op.execute("DROP SCHEMA gate CASCADE")
    for table in (*TENANT_TABLES, "organisations"):
        for policy in ("own_organisation", "gate_reads", "gate_clears"):
            op.execute(f"DROP POLICY IF EXISTS {policy} ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
