"""What must never be in the code, whoever writes it. Each rule names all who break it, at once."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = sorted(p for folder in ("portal", "workers") for p in (ROOT / folder).rglob("*.py"))
_OF_MONEY = {"payments", "invoices", "taxes", "accounting", "catalogue", "work_orders", "money.py"}
MONEY = [p for p in PRODUCT if _OF_MONEY & set(p.relative_to(ROOT).parts)]
TEMPLATES = sorted((ROOT / "templates").rglob("*.*"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_there_is_something_to_look_at() -> None:
    assert len(PRODUCT) > len(MONEY) > 100 and len(TEMPLATES) > 100


def test_no_float_reaches_money() -> None:
    """A float literal is a number of seconds, and its line says so, or it has no business here."""
    assert [f"{_name(path)}:{line}" for path in MONEY for line in _floats(path)] == []


def _floats(path: Path) -> Iterator[int]:
    lines = _text(path).splitlines()
    for node in ast.walk(ast.parse(_text(path))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float":
            yield node.lineno
        if isinstance(node, ast.Constant) and isinstance(node.value, float) and "_S" not in lines[node.lineno - 1]:
            yield node.lineno


def test_only_the_clock_asks_for_the_time() -> None:
    """Others ask portal.shared.clock."""
    others = [path for path in PRODUCT if path.name != "clock.py" and "embedded" not in path.parts]
    asks = re.compile(r"datetime\.now\(|date\.today\(|utcnow\(")
    assert [_name(path) for path in others if asks.search(_text(path))] == []


def test_nothing_commits_below_a_view_or_a_job() -> None:
    """The caller commits."""
    below = [path for path in PRODUCT if path.stem in ("actions", "queries", "rules", "models", "forms")]
    assert [_name(path) for path in below if ".commit()" in _text(path)] == []


def test_templates_hold_no_inline_script_style_or_unescaped_text() -> None:
    """Only mails have styles of their own, as they have no style sheets to link."""
    inline = re.compile(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|hx-on|javascript:")
    pages = [path for path in TEMPLATES if "messages" not in path.parts]
    assert [_name(path) for path in pages if inline.search(_text(path))] == []
    assert [_name(path) for path in TEMPLATES if "|safe" in _text(path).replace(" ", "")] == []


def test_only_one_place_reads_htmx_headers() -> None:
    assert [_name(path) for path in PRODUCT if "HX-" in _text(path) and path.name != "htmx.py"] == []


def test_every_icon_that_is_asked_for_is_drawn() -> None:
    """In templates/components/icon.html."""
    drawn = set(re.findall(r'^  "([a-z-]+)": "M', _text(ROOT / "templates/components/icon.html"), re.M))
    asks = re.compile(r'(?:icon_name=|icon\()"([a-z-]+)"')
    missing = [(_name(path), icon) for path in TEMPLATES for icon in asks.findall(_text(path)) if icon not in drawn]
    assert missing == []
