"""Each of the thirty known ways to lose, double or leak money on the way through Stripe has a test that says so."""

import re
from pathlib import Path

KNOWN = {
    1: "double charge", 2: "recorded twice", 3: "event before our commit", 4: "event twice", 5: "events out of order",
    6: "events lost", 7: "failed work acknowledged", 8: "foreign events", 9: "stale amount", 10: "odd currencies",
    11: "rounding", 12: "refund in the dashboard", 13: "dispute", 14: "late failure", 15: "expired page",
    16: "guessed links", 17: "mail scanners", 18: "forged event", 19: "replayed event", 20: "altered body",
    21: "open redirect", 22: "return page believed", 23: "card testing", 24: "forged form", 25: "blocked redirect",
    26: "lost answer", 27: "key with other parameters", 28: "test and live mixed", 29: "refunded twice",
    30: "twice in the books",
}  # fmt: skip


def test_every_known_failure_mode_has_a_test() -> None:
    tests = Path(__file__).resolve().parents[1].rglob("test_*.py")
    marked = {int(number) for path in tests for number in re.findall(r"mark\.failure_mode\((\d+)\)", path.read_text())}
    assert {number: words for number, words in KNOWN.items() if number not in marked} == {}
    assert marked <= KNOWN.keys()
