"""Whose permissions at Zoho were given and not used: they are given back"""

from alembic import op

revision = "0081"
down_revision = "0080"
branch_labels = None
depends_on = None

FUNCTION = "gate.due_consents"
COLUMNS = "(id, organisation_id, created_at, revoked_at, lost_at)"
LINKS = "(consent_id)"
# As accounting.consents says it: a day for the choice, an hour where a later permission has taken the place.
DUE = """
    SELECT DISTINCT 'mirror', c.organisation_id FROM zoho_consents c
     WHERE c.revoked_at IS NULL AND c.lost_at IS NULL AND c.created_at <= at - interval '1 hour'
       AND NOT EXISTS (SELECT FROM links l WHERE l.organisation_id = c.organisation_id AND l.consent_id = c.id
                          AND l.archived_at IS NULL)
       AND (c.created_at <= at - interval '1 day'
            OR EXISTS (SELECT FROM zoho_consents n WHERE n.organisation_id = c.organisation_id AND n.id > c.id))"""


def upgrade() -> None:
    op.execute(f"GRANT SELECT {COLUMNS} ON zoho_consents TO portal_gate")
    op.execute("CREATE POLICY gate_reads ON zoho_consents FOR SELECT TO portal_gate USING (true)")
    op.execute(f"GRANT SELECT {LINKS} ON links TO portal_gate")
    op.execute("GRANT CREATE ON SCHEMA gate TO portal_gate")
    op.execute(
        f"CREATE FUNCTION {FUNCTION}(at timestamptz) RETURNS TABLE (queue text, organisation_id bigint) "
        f"LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $gate$ {DUE} $gate$"
    )
    op.execute(f"ALTER FUNCTION {FUNCTION} OWNER TO portal_gate")
    op.execute(f"REVOKE ALL ON FUNCTION {FUNCTION} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {FUNCTION} TO portal_app")
    op.execute("REVOKE CREATE ON SCHEMA gate FROM portal_gate")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {FUNCTION}")
    op.execute(f"REVOKE SELECT {LINKS} ON links FROM portal_gate")
    op.execute("DROP POLICY gate_reads ON zoho_consents")
    op.execute(f"REVOKE SELECT {COLUMNS} ON zoho_consents FROM portal_gate")
