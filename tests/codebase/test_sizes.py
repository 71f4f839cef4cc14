"""No file grows without bound: a family of small files beats one long one."""

import ast
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("path", PYTHON, ids=_name)
def test_modules_and_functions_stay_short(path: Path) -> None:
    limit = LONGEST_VIEWS if path.name == "views.py" else LONGEST_MODULE
    assert _lines(path) <= limit, f"{_name(path)}: split it by subject"
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{_name(path)}:{node.lineno} {node.name} has {length} lines"


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_templates_stay_short(path: Path) -> None:
    limit = LONGEST_FRAGMENT if path.name.startswith("_") else LONGEST_PAGE
    assert _lines(path) <= limit, f"{_name(path)}: move a part into a fragment"


@pytest.mark.parametrize("path", SCRIPTS, ids=_name)
def test_scripts_stay_short(path: Path) -> None:
    assert _lines(path) <= LONGEST_SCRIPT
