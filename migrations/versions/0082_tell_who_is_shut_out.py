"""Whether Zoho still lets the firm in, to be asked along with who is signed in: administrators read it on every page"""

from alembic import op

revision = "0082"
down_revision = "0081"
branch_labels = None
depends_on = None

# The asker's own rights and row-level security hold in it: of the firm that was entered there is one live link at most.
# The words are how gateways.zoho.errors.SWITCHED_OFF_WORDS begin.
SHUT_OUT = """
    SELECT l.remote_name FROM links l
      JOIN zoho_consents c ON c.organisation_id = l.organisation_id AND c.id = l.consent_id
     WHERE l.archived_at IS NULL AND (c.lost_at IS NOT NULL OR l.quiet_why LIKE 'Zoho has switched the linked organisation off:%')"""


def upgrade() -> None:
    op.execute(
        "CREATE FUNCTION shut_out_of_books() RETURNS text LANGUAGE sql STABLE "
        f"SET search_path = pg_catalog, public AS $books$ {SHUT_OUT} $books$"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION shut_out_of_books()")
