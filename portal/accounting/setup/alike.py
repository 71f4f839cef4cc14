"""Those of our customers and items that may be like some of Zoho's: looked up by index, whatever their number."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import ARRAY, Text, any_, bindparam, func, literal_column, or_, select
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
        "number": (Item.code, Item.code_key, keys.letters),
        "name": (Item.name, Item.name_key, keys.plain),
    },
}
_MODELS: dict[str, Any] = {"customer": Customer, "item": Item}


def ours_like(session: Session, module: str, theirs: Sequence[Known]) -> Ours:
    """Of ours that are in use: all that share a fact with one of `theirs`. One statement."""
    model, asked = _MODELS[module], _FACTS[module]
    said: dict[str, set[str]] = {fact: set() for fact in asked}
    for each in theirs:
        for fact in facts_of(each).keys() & asked.keys():
            said[fact].add(_value(each, fact))
    wanted = [_is_among(*asked[fact][1:], values) for fact, values in said.items() if values]
    if not wanted:
        return Ours([])
    columns = (model.id, *(column for column, _, _ in asked.values()))
    names = ["id", *(fact.replace("-", "").replace(" ", "_") for fact in asked)]
    rows = session.execute(select(*columns).where(model.is_active, or_(*wanted)))
    return Ours(Known(**dict(zip(names, row, strict=True))) for row in rows)


def _value(known: Known, fact: str) -> str:
    return str(getattr(known, fact.replace("-", "").replace(" ", "_")))


def _is_among(key: Any, make: Callable[[str], str], values: Iterable[str]) -> Any:
    """The values become keys in the database itself, so that both sides are made alike."""
    said = func.unnest(bindparam(None, sorted(values), ARRAY(Text))).table_valued("said", name="said")
    made = select(literal_column(make("said"), Text)).select_from(said)
    return (key == any_(func.array(made.scalar_subquery()))) & (key != "")
