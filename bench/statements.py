"""SQL statements per page: as many with a hundred rows of everything as with five, and never more than twelve."""

import re
from collections.abc import Iterator

from flask.testing import FlaskClient

from bench.figures import Figure, at_most, table
from bench.filling import Filled, filled_firm
from bench.firm import PASSWORD
from bench.product import Product, Statements
from bench.stage import Stage

FEW, MANY, TARGET = 5, 100, 12
# Not pages: files, health, and what asks another company.
_NOT_PAGES = re.compile(r"static_files|health\.|\.pdf|show_pdf|show_picture|show_evidence|show_photo|consents/|^/r/")
Counted = dict[tuple[str, str], int]


def measure(stage: Stage) -> list[Figure]:
    few, many = (_count_pages(stage.product, filled_firm(rows)) for rows in (FEW, MANY))
    rows = [(path, role, few[path, role], many[path, role]) for path, role in sorted(few)]
    print(table(("Page", "Seen by", f"{FEW} rows", f"{MANY} rows"), rows))
    growing = [f"{path} {few} → {many}" for path, _, few, many in rows if few != many]
    most = max(rows, key=lambda row: row[3])
    return [
        at_most(
            "Pages whose SQL statements grow with the rows", len(growing), 0, note=f" {'; '.join(growing)}".rstrip()
        ),
        at_most("SQL statements on any page", most[3], TARGET, note=f" ({most[0]}, of {len(rows)} measured)"),
    ]


def _count_pages(product: Product, filled: Filled) -> Counted:
    """(route, role) → statements of every page that the role may open."""
    counted: Counted = {}
    for role in ("nobody", "administrator", "field_agent"):
        browser = _signed_in(product, filled.firm.sign_ins[role]) if role != "nobody" else product.browser()
        for route, path in _pages(product, filled):
            if (route, "nobody") in counted:
                continue
            with Statements() as statements:
                status = browser.get(path).status_code
            if status == 200:
                counted[route, role] = statements.count
    return counted


def _pages(product: Product, filled: Filled) -> Iterator[tuple[str, str]]:
    """(route, address) of all that can be opened by GET, so that a new page is measured without being named here."""
    adapter = product.app.url_map.bind("portal.bench")
    for rule in product.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or _NOT_PAGES.search(rule.endpoint) or _NOT_PAGES.search(rule.rule):
            continue
        missing = rule.arguments - filled.in_addresses.keys()
        if missing:
            raise LookupError(f"{rule.rule}: tell bench/filling.py what {missing} are")
        yield rule.rule, adapter.build(rule.endpoint, {name: filled.in_addresses[name] for name in rule.arguments})


def _signed_in(product: Product, email: str) -> FlaskClient:
    browser = product.browser()
    shown = browser.get("/sign-in", headers={"Accept-Encoding": "identity"}).text
    token = re.findall(r'name="csrf_token" value="([^"]+)"', shown)[0]
    answer = browser.post("/sign-in", data={"csrf_token": token, "email": email, "password": PASSWORD})
    if answer.status_code != 303:
        raise AssertionError(f"not signed in: {answer.status_code}")
    return browser
