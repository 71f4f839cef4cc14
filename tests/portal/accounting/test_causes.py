"""Each record of the inbox has a cause in words and a fix."""

import pytest

from portal.accounting.causes import cause_of, labels_of
from portal.accounting.models import MODULES
from portal.gateways.zoho import errors


@pytest.mark.parametrize("code", [*errors._WORDS, "portal", "", "98765"])
def test_every_code_has_a_cause_and_a_fix(code: str) -> None:
    cause = cause_of("customer", "failed", code)
    assert cause.title and cause.fix
    assert (cause.key == "refused") is (code == "98765")  # only what nobody knows is left to Zoho's own sentence


@pytest.mark.parametrize(
    ("module", "state", "key"),
    [("invoice", "mismatch", "differs"), ("payment", "mismatch", "elsewhere"), ("item", "conflict", "conflict"),
     ("payment", "waiting", "waiting")],
)  # fmt: skip
def test_a_state_says_more_than_a_code(module: str, state: str, key: str) -> None:
    assert cause_of(module, state, "15").key == key


def test_a_credit_note_that_zoho_reckons_otherwise_was_not_refused() -> None:
    assert cause_of("credit_note", "failed", "totals").key == "note differs"


def test_every_module_is_waited_for_under_a_name() -> None:
    assert all(labels_of(module, "X")[0].endswith(" X") for module in MODULES)
