"""Find customers and items that are like one of Zoho's by an index, however many there are"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

_LETTERS = "regexp_replace(lower(({})::text), '[^0-9a-z]'::text, ''::text, 'g'::text)"
_PLAIN = "regexp_replace(lower(({})::text), '[^[:alnum:]]'::text, ''::text, 'g'::text)"
_FOLDED = "lower(btrim(({})::text))"
_DIGITS = "\"right\"(regexp_replace(({})::text, '[^0-9]'::text, ''::text, 'g'::text), 9)"
_KEYS = {
    "customers": {"number": _LETTERS, "name": _PLAIN, "email": _FOLDED, "phone": _DIGITS, "tax_number": _LETTERS},
    "catalogue_items": {"code": _LETTERS, "name": _PLAIN},
}


def upgrade() -> None:
    for table, keys in _KEYS.items():
        for fact, key in keys.items():
            column = sa.Column(f"{fact}_key", sa.Text, sa.Computed(key.format(fact), persisted=True))
            op.add_column(table, column)
            op.create_index(op.f(f"ix_{table}_{fact}_key"), table, ["organisation_id", f"{fact}_key"])


def downgrade() -> None:
    for table, keys in _KEYS.items():
        for fact in keys:
            op.drop_index(op.f(f"ix_{table}_{fact}_key"), table)
            op.drop_column(table, f"{fact}_key")
