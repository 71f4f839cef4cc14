"""Per link: the direction and rest of each module, the mapping of fields in versions, the steps of the set-up"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CURRENT = "(SELECT NULLIF(current_setting('app.organisation_id', true), '')::bigint)"
# A version of the mapping is never changed afterwards: a correction is another version.
VERBS = {"module_settings": "SELECT, INSERT, UPDATE", "field_rules": "SELECT, INSERT"}


def upgrade() -> None:
    op.add_column("links", sa.Column("setup_steps", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb")))
    op.alter_column("links", "setup_steps", nullable=False)
    op.add_column("links", sa.Column("cut_over_on", sa.Date(), nullable=True))
    _table(
        "module_settings",
        sa.Column("direction", sa.String(4), server_default=sa.text("'push'"), nullable=False),
        sa.Column("is_paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.UniqueConstraint("link_id", "module", name=op.f("uq_module_settings_link_id_module")),
        sa.CheckConstraint("direction IN ('push', 'both')", name=op.f("ck_module_settings_direction")),
    )
    _table(
        "field_rules",
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("ours", sa.String(40), nullable=False),
        sa.Column("theirs", sa.String(100), nullable=False),
        sa.Column("direction", sa.String(4), server_default=sa.text("'push'"), nullable=False),
        sa.Column("wins", sa.String(6), server_default=sa.text("'ours'"), nullable=False),
        sa.Column("made_by", sa.String(200), nullable=False),
        sa.UniqueConstraint(
            "link_id", "module", "version", "ours", name=op.f("uq_field_rules_link_id_module_version_ours")
        ),
        sa.CheckConstraint("direction IN ('push', 'pull', 'both')", name=op.f("ck_field_rules_direction")),
        sa.CheckConstraint("wins IN ('ours', 'theirs', 'ask')", name=op.f("ck_field_rules_wins")),
    )


def _table(name: str, *parts: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("link_id", sa.BigInteger(), nullable=False),
        sa.Column("module", sa.String(20), nullable=False),
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
        *parts,
    )  # fmt: skip
    op.create_index(f"ix_{name}_organisation_id", name, ["organisation_id"])
    op.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY own_organisation ON {name} TO portal_app "
        f"USING (organisation_id = {CURRENT}) WITH CHECK (organisation_id = {CURRENT})"
    )
    op.execute(f"GRANT {VERBS[name]} ON {name} TO portal_app")


def downgrade() -> None:
    op.drop_table("field_rules")
    op.drop_table("module_settings")
    op.drop_column("links", "cut_over_on")
    op.drop_column("links", "setup_steps")
