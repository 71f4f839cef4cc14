"""The list of calls this stand-in answers, and how a path finds its call."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import Headers, MultiDict
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from . import errors
from .ledger import Ledger
from .store import Store
from .wire import Answer, Record


@dataclass
class Call:
    """One call in progress. `books` is the asked organisation; calls about no organisation have none."""

    store: Store
    dc: str
    product: str
    query: MultiDict[str, str] = field(default_factory=MultiDict)
    body: Any = field(default_factory=dict)
    headers: Headers = field(default_factory=Headers)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # field → name and content
    user: Record = field(default_factory=dict)
    ledger: Ledger | None = None

    @property
    def books(self) -> Ledger:
        assert self.ledger is not None
        return self.ledger

    def ids(self, name: str) -> list[str]:
        """A comma-separated query parameter of a bulk call, which must be there."""
        found = [part.strip() for part in self.query.get(name, "").split(",") if part.strip()]
        if not found:
            raise errors.missing_value(name)
        return found

    def says(self, name: str) -> bool:
        return self.query.get(name, "").lower() == "true"


Act = Callable[..., Answer]


@dataclass(frozen=True)
class Operation:
    """`scope` is the part after the product's name, such as invoices.CREATE."""

    method: str
    path: str
    scope: str
    act: Act
    books_only: bool
    without_organisation: bool


OPERATIONS: list[Operation] = []


def operation(
    signature: str, scope: str, *, books_only: bool = False, without_organisation: bool = False
) -> Callable[[Act], Act]:
    """Announce a call: `@operation("GET /invoices/{invoice_id}", "invoices.READ")`."""
    method, path = signature.split(" ")

    def announce(act: Act) -> Act:
        OPERATIONS.append(Operation(method, path, scope, act, books_only, without_organisation))
        return act

    return announce


def build_map() -> Map:
    """Paths to operations; call it after every module with operations has been imported."""
    rules = [
        Rule(one.path.replace("{", "<").replace("}", ">"), methods=[one.method], endpoint=number)
        for number, one in enumerate(OPERATIONS)
    ]
    return Map(rules, strict_slashes=False)


def match(paths: Map, method: str, path: str) -> tuple[Operation, dict[str, Any]]:
    """Raises the refusals 5 (no such path) and 37 (not with this method)."""
    try:
        number, arguments = paths.bind("localhost").match(path, method=method)
    except MethodNotAllowed:
        raise errors.method_not_allowed(method) from None
    except NotFound:
        raise errors.unknown_path() from None
    return OPERATIONS[number], dict(arguments)
