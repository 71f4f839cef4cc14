"""What two ways to write one fact have in common, as PostgreSQL keeps it beside the fact, so that an index finds it.

Each takes an SQL expression and gives one, written as PostgreSQL itself would write it down. Kept in columns of their
own: behind row-level security an index on an expression is never used, as these functions are not leak-proof.
"""

from sqlalchemy import Computed


def letters(said: str) -> str:
    """Letters and digits of a number: "GB 123-4567" and "gb1234567" are one."""
    return f"regexp_replace(lower(({said})::text), '[^0-9a-z]'::text, ''::text, 'g'::text)"


def plain(said: str) -> str:
    """A name without spaces, signs and capitals."""
    return f"regexp_replace(lower(({said})::text), '[^[:alnum:]]'::text, ''::text, 'g'::text)"


def folded(said: str) -> str:
    """An address as any mail box would read it."""
    return f"lower(btrim(({said})::text))"


def digits(said: str) -> str:
    """The last nine digits, so that +44 113 496 0000 and 0113 496 0000 are one."""
    return f"\"right\"(regexp_replace(({said})::text, '[^0-9]'::text, ''::text, 'g'::text), 9)"


def kept(expression: str) -> Computed:
    return Computed(expression, persisted=True)
