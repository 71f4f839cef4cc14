"""What an organisation settles for its documents: language, words, other numbers, rounding of the total, discounts"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

CHECKS = {
    "round_total_to": "round_total_to > 0",
    "discount_style": "discount_style IN ('free', 'none', 'line', 'before_tax', 'after_tax')",
}
WORDS = {"registrations": 500, "document_language": 5, "document_words": 500}


def upgrade() -> None:
    op.add_column("organisations", sa.Column("round_total_to", sa.Numeric(12, 3), nullable=True))
    op.add_column("organisations", sa.Column("discount_style", sa.String(12), server_default="free", nullable=False))
    for name, longest in WORDS.items():
        op.add_column("organisations", sa.Column(name, sa.String(longest), server_default="", nullable=False))
    for name, rule in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_organisations_{name}"), "organisations", rule)


def downgrade() -> None:
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_organisations_{name}"), "organisations")
    for name in ("round_total_to", "discount_style", *WORDS):
        op.drop_column("organisations", name)
