"""What a machine can tell of WCAG 2.0 to 2.2 (A and AA) and of good practice, by axe; and what axe does not ask."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "rules": {"label-content-name-mismatch": {"enabled": True}},
    "resultTypes": ["violations"],
}
_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
_NARROWEST = 320  # WCAG 1.4.10: a page of 1,280 pixels at 400 %
_AXE = Axe()


def complaints(page: Page) -> list[str]:
    """About the page as it stands, in both colour schemes and as narrow as it must bear. Its scripts must be on."""
    size = page.viewport_size or {"width": 390, "height": 844}
    page.emulate_media(color_scheme="light")
    said = _violations(page, _RULES)
    page.emulate_media(color_scheme="dark")
    said += [f"dark: {each}" for each in _violations(page, _COLOURS)]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": _NARROWEST, "height": size["height"]})
    if (wide := page.evaluate("document.documentElement.scrollWidth")) > _NARROWEST:
        said.append(f"scrolls sideways: {wide} pixels on {_NARROWEST}")
    page.set_viewport_size(size)
    return said


def _violations(page: Page, options: dict[str, Any]) -> list[str]:
    found = _AXE.run(page, options=options).response["violations"]
    return [f"{rule['id']}: {', '.join(str(node['target'][0]) for node in rule['nodes'][:3])}" for rule in found]
