"""Pages of the books: the link to Zoho, and the inbox of what has not arrived there."""

from portal.accounting.views import (
    before_going_over,
    by_hand,
    choosing,
    comparing,
    differing,
    hints,
    importing,
    inbox,
    linking,
    mapping,
    modules,
    notices,
    planned,
    questions,
    reconciling,
    setup,
)
from portal.accounting.views.pages import bp

__all__ = [
    "before_going_over", "bp", "by_hand", "choosing", "comparing", "differing", "hints", "importing", "inbox",
    "linking", "mapping", "modules", "notices", "planned", "questions", "reconciling", "setup",
]  # fmt: skip
