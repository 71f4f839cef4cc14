"""Those of our customers and items that may be like some of Zoho's: looked up by index, whatever their number."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import ARRAY, Select, Text, bindparam, func, literal_column, select, true, union
from sqlalchemy.orm import Session

from portal.accounting.setup.matching import Known, Ours, facts_of
from portal.catalogue.models import Item
from portal.customers.models import Customer
from portal.shared import keys

# fact, as the matching calls it → the column it is in, the column of its key, and how the key is made
_Fact = tuple[Any, Any, Callable[[str], str]]
_FACTS: dict[str, dict[str, _Fact]] = {
    "customer": {
        "number": (Customer.number, Customer.number_key, keys.letters),
        "name": (Customer.name, Customer.name_key, keys.plain),
        "e-mail": (Customer.email, Customer.email_key, keys.folded),
        "phone": (Customer.phone, Customer.phone_key, keys.digits),
        "tax number": (Customer.tax_number, Customer.tax_number_key, keys.letters),
    },
    "item": {
        "code": (Item.code, Item.code_key, keys.letters),
        "name": (Item.name, Item.name_key, keys.plain),
    },
}
# Of ours with the same value: a telephone number that thousands share tells no one from another.
MOST_ALIKE = 20
_MODELS: dict[str, Any] = {"customer": Customer, "item": Item}


def ours_like(session: Session, module: str, theirs: Sequence[Known]) -> Ours:
    """Of ours: those that share a fact with one of `theirs`, a few for each value, in use first. One statement."""
    model, asked = _MODELS[module], _FACTS[module]
    said: dict[str, set[str]] = {fact: set() for fact in asked}
    for each in theirs:
        for fact in facts_of(each).keys() & asked.keys():
            said[fact].add(_value(each, fact))
    columns = (model.id, model.is_active, *(column for column, _, _ in asked.values()))
    wanted = [_with(model, columns, asked[fact], fact, values) for fact, values in said.items() if values]
    if not wanted:
        return Ours([])
    names = ["id", "is_in_use", *(fact.replace("-", "").replace(" ", "_") for fact in asked)]
    return Ours(Known(**dict(zip(names, row, strict=True))) for row in session.execute(union(*wanted)))


def _value(known: Known, fact: str) -> str:
    return str(getattr(known, fact.replace("-", "").replace(" ", "_")))


def _with(model: Any, columns: Sequence[Any], fact: _Fact, name: str, values: Iterable[str]) -> Select[Any]:
    """The values become keys in the database itself, so that both sides are made alike; each is looked up by index."""
    _, key, make = fact
    said = func.unnest(bindparam(None, sorted(values), ARRAY(Text))).table_valued("said", name="said")
    made = select(literal_column(make("said"), Text).label("key")).select_from(said).distinct()
    asked = made.cte(f"said_{name.replace(' ', '_').replace('-', '_')}").prefix_with("MATERIALIZED")
    few = (
        select(*columns)
        .where(key == asked.c.key, key != "")
        .order_by(model.is_active.desc(), model.id)
        .limit(MOST_ALIKE)
        .lateral()
    )
    return select(*few.c).select_from(asked.join(few, true()))
