"""Money that counts in another organisation by now is taken out of the one that was left, by hand"""

from alembic import op

revision = "0096"
down_revision = "0095"
branch_labels = None
depends_on = None

TABLE, CHECK = "entries_by_hand", "ck_entries_by_hand_what"
BEFORE = "('new', 'put', 'off', 'back', 'undo', 'look', 'invoice', 'void', 'written_off', 'owed')"
AFTER = BEFORE.replace("'look'", "'moved', 'returned', 'look'")


def upgrade() -> None:
    _take(AFTER)


def downgrade() -> None:
    op.execute(f"ALTER TABLE {TABLE} NO FORCE ROW LEVEL SECURITY")
    op.execute(f"DELETE FROM {TABLE} WHERE what IN ('moved', 'returned')")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    _take(BEFORE)


def _take(what: str) -> None:
    op.drop_constraint(op.f(CHECK), TABLE)
    op.create_check_constraint(op.f(CHECK), TABLE, f"what IN {what}")
