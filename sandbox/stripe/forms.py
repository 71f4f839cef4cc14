"""Form fields with brackets (`a[b][0][c]=x`) to nested values and back. All leaves are text."""

import re
from collections.abc import Iterable
from typing import Any

_PART = re.compile(r"\[([^\]]*)\]")
_FREE_MAPS = frozenset({"metadata"})  # here a key made of digits is a key, not a position in a list


def decode_form(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Nested values of a form or query string, in the order given."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        _plant(tree, [name.split("[", 1)[0], *_PART.findall(name)], value)
    return {name: _with_lists(branch, name) for name, branch in tree.items()}


def _plant(tree: dict[str, Any], path: list[str], value: str) -> None:
    for part in path[:-1]:
        branch = tree.setdefault(part or str(len(tree)), {})
        if not isinstance(branch, dict):
            return  # `a=x` beside `a[b]=y`: the first one stands, the check of the request complains
        tree = branch
    tree[path[-1] or str(len(tree))] = value


def _with_lists(branch: Any, name: str) -> Any:
    if not isinstance(branch, dict):
        return branch
    children = {key: _with_lists(child, key) for key, child in branch.items()}
    if name in _FREE_MAPS or sorted(children) != sorted(str(n) for n in range(len(children))):
        return children
    return [children[str(position)] for position in range(len(children))]


def parameter_name(path: Iterable[str | int]) -> str:
    """`["a", 0, "b"]` as Stripe writes it in error answers: `a[0][b]`."""
    first, *rest = path
    return str(first) + "".join(f"[{part}]" for part in rest)
