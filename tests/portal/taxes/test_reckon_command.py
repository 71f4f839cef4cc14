"""`portal reckon` as a bookkeeper or another program meets it."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

LINE = {"quantity": "2", "unit_price": "10.00", "taxes": [{"name": "VAT", "rate": "20"}]}
DOCUMENT = {"currency": "GBP", "lines": [LINE]}
BARE = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).resolve().parents[3])}


def _reckon(given: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "portal", "reckon", *arguments]
    return subprocess.run(argv, input=given, capture_output=True, text=True, timeout=60, env=BARE, check=False)


def _with(**change: Any) -> dict[str, Any]:
    return {**DOCUMENT, **change}


def _on_line(**change: Any) -> dict[str, Any]:
    return _with(lines=[LINE, {**LINE, **change}])


def _on_tax(**change: Any) -> dict[str, Any]:
    return _on_line(taxes=[{"name": "VAT", "rate": "20", **change}])


def test_it_answers_with_every_part_as_text() -> None:
    answer = _reckon(json.dumps(DOCUMENT), "-")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert json.loads(answer.stdout) == {
        "line_totals": ["20.00"], "gross_subtotal": "20.00", "discount": "0.00", "subtotal": "20.00",
        "taxes_by_name": {"VAT": "4.00"}, "tax_total": "4.00", "withholding": "0.00", "adjustment": "0.00",
        "rounding_adjustment": "0.00", "total": "24.00", "amount_due": "24.00",
    }  # fmt: skip


def test_it_reads_a_file_with_a_document_over_many_lines(tmp_path: Path) -> None:
    file = tmp_path / "document.json"
    file.write_text(json.dumps(_with(prepaid="4.00"), indent=2), encoding="utf-8")
    answer = _reckon("", str(file))
    assert json.loads(answer.stdout)["amount_due"] == "20.00"
    missing = _reckon("", str(tmp_path / "nothing.json"))
    assert missing.returncode == 2 and "nothing.json" in missing.stderr


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (_on_tax(rate=20), "lines[1].taxes[0].rate"),
        (_on_tax(rate="-1"), "lines[1].taxes[0].rate"),
        (_on_tax(rate="twenty"), "lines[1].taxes[0].rate"),
        (_on_tax(rate="NaN"), "lines[1].taxes[0].rate"),
        (_on_tax(kind="magic"), "lines[1].taxes[0].kind"),
        (_on_tax(kind="exempt"), "lines[1].taxes[0].rate"),
        (_on_tax(colour="red"), "lines[1].taxes[0].colour"),
        (_on_tax(compound="yes"), "lines[1].taxes[0].compound"),
        (_on_tax(compound=True, base_includes=["PST"]), "lines[1].taxes[0].base_includes[0]"),
        (_on_tax(compound=True, base_includes=["VAT"]), "lines[1].taxes[0].base_includes[0]"),
        (_on_line(taxes=[LINE["taxes"][0]] * 2), "lines[1].taxes[1]"),  # type: ignore[index]
        (_on_line(quantity=2), "lines[1].quantity"),
        (_on_line(quantity=2.5), "lines[1].quantity"),
        (_on_line(quantity="1e5"), "lines[1].quantity"),
        (_on_line(quantity=None), "lines[1].quantity"),
        (_on_line(unit_price="1.1234567"), "lines[1].unit_price"),
        (_on_line(discount_percent="101"), "lines[1].discount_percent"),
        (_on_line(discount_amount="20.01"), "lines[1].discount_amount"),
        (_on_line(discount_amount="0.001"), "lines[1].discount_amount"),
        (_on_line(discount_amount="1", discount_percent="1"), "lines[1].discount_amount"),
        (_with(lines=[LINE, "a line"]), "lines[1]"),
        (_with(lines=[]), "lines"),
        (_with(currency="pounds"), "currency"),
        (_with(currency="ABC"), "currency"),
        (_with(currency="gbp", currency_decimals="2"), "currency"),
        (_with(currency=None), "currency"),
        (_with(rounding=None), "rounding"),
        (_with(rounding_mode=None), "rounding_mode"),
        (_with(price_includes_tax=None), "price_includes_tax"),
        (_with(lines=None), "lines"),
        (_with(document_charges=None), "document_charges"),
        (_with(document_discount={"type": None, "value": "1"}), "document_discount.type"),
        (_with(document_discount={"type": "percent", "value": None}), "document_discount.value"),
        (_with(document_discount={"type": "percent", "value": "1", "applied": None}), "document_discount.applied"),
        (_on_line(taxes=None), "lines[1].taxes"),
        (_on_tax(name=None), "lines[1].taxes[0].name"),
        (_on_tax(rate=None), "lines[1].taxes[0].rate"),
        (_on_tax(kind="exempt", rate=None), "lines[1].taxes[0].rate"),
        (_on_tax(kind=None), "lines[1].taxes[0].kind"),
        (_on_tax(compound=None), "lines[1].taxes[0].compound"),
        (_on_tax(base_includes=None), "lines[1].taxes[0].base_includes"),
        (_on_tax(rate="100.01"), "lines[1].taxes[0].rate"),
        (_on_tax(rate="1000", kind="withholding"), "lines[1].taxes[0].rate"),
        (_with(currency_decimals="4"), "currency_decimals"),
        (_with(rounding="page"), "rounding"),
        (_with(rounding_mode="sideways"), "rounding_mode"),
        (_with(price_includes_tax="no"), "price_includes_tax"),
        (_with(document_discount={"type": "amount", "value": "20.01"}), "document_discount.value"),
        (_with(document_discount={"type": "gift", "value": "1"}), "document_discount.type"),
        (_with(document_discount={"type": "amount", "value": "1", "applied": "never"}), "document_discount.applied"),
        (_with(document_charges=[{"amount": 5}]), "document_charges[0].amount"),
        (_with(document_charges=[{"amount": "5", "taxes": [{"rate": "1"}]}]), "document_charges[0].taxes[0].name"),
        (_with(adjustment="0.001"), "adjustment"),
        (_with(round_total_to="0"), "round_total_to"),
        (_with(prepaid="-1"), "prepaid"),
        (_with(tip="1"), "tip"),
    ],
)
def test_what_cannot_be_is_refused_with_its_path(document: dict[str, Any], path: str) -> None:
    from io import StringIO

    from portal.taxes.reckoning_file import print_breakdowns

    out, complaints = StringIO(), StringIO()
    assert print_breakdowns(StringIO(json.dumps(document)), out, complaints) == 2
    assert complaints.getvalue().startswith(f"portal reckon: {path}: ") and not out.getvalue()


def test_what_is_left_out_and_what_is_none_is_reckoned_as_the_help_says() -> None:
    from portal.taxes.reckoning_file import breakdown_of

    said = {"price_includes_tax": False, "rounding": "document", "rounding_mode": "half_up", "adjustment": "0",
            "prepaid": "0", "document_charges": []}  # fmt: skip
    nothing = dict.fromkeys(("adjustment", "prepaid", "round_total_to", "currency_decimals", "document_discount"))
    tax = {"name": "VAT", "rate": "20", "kind": "percent", "compound": False, "base_includes": []}
    in_full = [{**LINE, "discount_percent": None, "discount_amount": None, "taxes": [tax]}]
    short = breakdown_of(DOCUMENT)
    assert breakdown_of(_with(**said)) == breakdown_of(_with(**nothing)) == breakdown_of(_with(lines=in_full)) == short
    half = {"type": "percent", "value": "50"}
    before = breakdown_of(_with(document_discount=half))
    assert breakdown_of(_with(document_discount=half | {"applied": "before_tax"})) == before
    assert (before["tax_total"], before["total"]) == ("2.00", "12.00")


@pytest.mark.parametrize(("currency", "decimals", "total"), [("JPY", "2", "24.00"), ("ABC", 3, "24.000")])
def test_decimals_that_are_given_go_before_those_of_iso(currency: str, decimals: object, total: str) -> None:
    """As a firm's books keep the currency (TAX.md §2: a property of the currency record, 0 to 3)."""
    from portal.taxes.reckoning_file import breakdown_of

    assert breakdown_of(_with(currency=currency, currency_decimals=decimals))["total"] == total


def test_a_refusal_leaves_with_2_and_one_sentence() -> None:
    answer = _reckon(json.dumps(_on_tax(rate=20)))
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == 'portal reckon: lines[1].taxes[0].rate: numbers are written as strings: "20"\n'


@pytest.mark.parametrize(
    "given", ["", "[]", "null", "{", '{"currency": "GBP", "currency": "USD"}', "[1, 2]", "[" * 100_000]
)
def test_no_document_is_refused_without_a_traceback(given: str) -> None:
    answer = _reckon(given)
    assert answer.returncode == 2 and "Traceback" not in answer.stderr
    assert answer.stderr.startswith("portal reckon: ")


def test_a_bad_line_of_a_list_is_named_and_what_came_before_is_answered() -> None:
    given = "\n".join([json.dumps(DOCUMENT), "", json.dumps(_on_line(quantity=1)), json.dumps(DOCUMENT)])
    answer = _reckon(given)
    assert answer.returncode == 2 and len(answer.stdout.splitlines()) == 1
    assert answer.stderr.startswith("portal reckon: line 3: lines[1].quantity: ")


def test_each_line_is_answered_before_the_next_is_given() -> None:
    argv = [sys.executable, "-m", "portal", "reckon"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=BARE) as running:
        assert running.stdin is not None and running.stdout is not None
        for _ in range(3):
            running.stdin.write(json.dumps(DOCUMENT) + "\n")
            running.stdin.flush()
            assert json.loads(running.stdout.readline())["total"] == "24.00"
        running.stdin.close()
        assert running.wait(10) == 0


def test_a_thousand_documents_of_ten_lines_take_seconds_at_most() -> None:
    document = json.dumps(_with(lines=[LINE] * 10, document_discount={"type": "percent", "value": "7.5"}))
    begun = time.monotonic()
    answer = _reckon("\n".join([document] * 1000))
    assert len(answer.stdout.splitlines()) == 1000
    assert time.monotonic() - begun < 10  # alone on a machine it is under one; here others work too


def test_it_loads_no_web_framework_and_no_database() -> None:
    script = ("import sys, portal.cli; portal.cli.main(['reckon', '--help']);"
              "print(sorted({'flask', 'sqlalchemy', 'stripe', 'requests', 'babel'} & set(sys.modules)))")  # fmt: skip
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, env=BARE, check=True
    )
    assert answer.stdout.endswith("[]\n")
    assert "amount_due = total + withholding - prepaid" in answer.stdout


def test_both_discounts_two_rates_of_one_name_and_two_compound_taxes_are_reckoned_as_the_help_says() -> None:
    """The input's form allows them (issue 3), whatever the portal's own pages offer."""
    first = {**LINE, "discount_percent": "10"}
    second = {"quantity": "1", "unit_price": "100.00", "taxes": [
        {"name": "VAT", "rate": "5"}, {"name": "City", "rate": "10", "compound": True, "base_includes": ["VAT"]},
        {"name": "Park", "rate": "10", "compound": True, "base_includes": ["VAT", "City"]},
    ]}  # fmt: skip
    document = _with(lines=[first, second], document_discount={"type": "amount", "value": "0.00"})
    told = json.loads(_reckon(json.dumps(document), "-").stdout)
    assert told["line_totals"] == ["18.00", "100.00"]
    assert told["taxes_by_name"] == {"VAT": "8.60", "City": "10.50", "Park": "11.55"}  # 20 % of 18 and 5 % of 100
    half = _with(lines=[first], document_discount={"type": "percent", "value": "50"})
    told = json.loads(_reckon(json.dumps(half), "-").stdout)
    assert (told["discount"], told["subtotal"], told["total"]) == ("9.00", "9.00", "10.80")
