"""No file grows without bound: a family of small files beats one long one. Each rule names all who break it."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = sorted(p for folder in ("portal", "workers", "sandbox", "bench") for p in (ROOT / folder).rglob("*.py"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))

LONGEST_MODULE, LONGEST_VIEWS, LONGEST_FUNCTION = 250, 200, 45
LONGEST_PAGE, LONGEST_FRAGMENT, LONGEST_SCRIPT = 80, 40, 100


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_modules_stay_short() -> None:
    """A longer one is split by subject."""
    assert len(PYTHON) > 100
    limits = {path: LONGEST_VIEWS if path.name == "views.py" else LONGEST_MODULE for path in PYTHON}
    assert [(_name(path), _lines(path)) for path, limit in limits.items() if _lines(path) > limit] == []


def test_functions_stay_short() -> None:
    assert [long for path in PYTHON for long in _long_functions(path)] == []


def _long_functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield f"{_name(path)}:{node.lineno} {node.name}", length


def test_templates_stay_short() -> None:
    """A part of a longer one moves into a fragment."""
    assert len(TEMPLATES) > 100
    limits = {path: LONGEST_FRAGMENT if path.name.startswith("_") else LONGEST_PAGE for path in TEMPLATES}
    assert [(_name(path), _lines(path)) for path, limit in limits.items() if _lines(path) > limit] == []


def test_scripts_stay_short() -> None:
    assert SCRIPTS != []
    assert [(_name(path), _lines(path)) for path in SCRIPTS if _lines(path) > LONGEST_SCRIPT] == []
