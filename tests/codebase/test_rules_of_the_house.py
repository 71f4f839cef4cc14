"""What must never be in the code, whoever writes it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = sorted(p for folder in ("portal", "workers") for p in (ROOT / folder).rglob("*.py"))
_OF_MONEY = {"payments", "invoices", "taxes", "accounting", "catalogue", "work_orders", "money.py"}
MONEY = [p for p in PRODUCT if _OF_MONEY & set(p.relative_to(ROOT).parts)]
TEMPLATES = sorted((ROOT / "templates").rglob("*.*"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MONEY, ids=_name)
def test_no_float_reaches_money(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float"
        line = getattr(node, "lineno", 0)
        assert not is_call, f"{_name(path)}:{line} float()"
        in_constant = isinstance(node, ast.Constant) and isinstance(node.value, float)
        named_seconds = in_constant and "_S" in path.read_text(encoding="utf-8").splitlines()[line - 1]
        assert not in_constant or named_seconds, f"{_name(path)}:{line} a float literal that is no number of seconds"


@pytest.mark.parametrize("path", PRODUCT, ids=_name)
def test_only_the_clock_asks_for_the_time(path: Path) -> None:
    if path.name == "clock.py" or "embedded" in path.parts:
        return
    found = re.findall(r"datetime\.now\(|date\.today\(|utcnow\(", path.read_text(encoding="utf-8"))
    assert not found, f"{_name(path)}: ask portal.shared.clock"


@pytest.mark.parametrize("path", PRODUCT, ids=_name)
def test_nothing_commits_below_a_view_or_a_job(path: Path) -> None:
    if path.name not in ("actions.py", "queries.py", "rules.py", "models.py", "forms.py"):
        return
    assert ".commit()" not in path.read_text(encoding="utf-8"), f"{_name(path)}: the caller commits"


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_templates_hold_no_inline_script_style_or_unescaped_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if "messages" in path.parts:  # mail has no style sheets to link
        assert "|safe" not in text.replace(" ", "")
        return
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|hx-on|javascript:", text), _name(path)
    assert "|safe" not in text.replace(" ", ""), _name(path)


def test_only_one_place_reads_htmx_headers() -> None:
    elsewhere = [_name(p) for p in PRODUCT if "HX-" in p.read_text(encoding="utf-8") and p.name != "htmx.py"]
    assert elsewhere == []


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_every_icon_that_is_asked_for_is_drawn(path: Path) -> None:
    drawn = set(re.findall(r'^  "([a-z-]+)": "M', (ROOT / "templates/components/icon.html").read_text("utf-8"), re.M))
    asked = set(re.findall(r'(?:icon_name=|icon\()"([a-z-]+)"', path.read_text(encoding="utf-8")))
    assert asked <= drawn, (
        f"{_name(path)} asks for {sorted(asked - drawn)}, which templates/components/icon.html has not"
    )
