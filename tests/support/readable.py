"""Whether everybody can read and use the page that is open: axe's rules of WCAG 2.2 AA, and nothing wider than the screen."""

from __future__ import annotations

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

Look = tuple[str, int]
"""Colour scheme and width in px."""

_RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
_RUN = """options => axe.run(options).then(({violations, passes}) => ({
  violations: violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 160))]), passes: passes.length}))"""

# Another colour scheme is a change of every colour, which may move for a moment.
_SETTLED = """() => new Promise(requestAnimationFrame)
  .then(() => Promise.allSettled(document.getAnimations().map(moving => moving.finished)))
  .then(() => new Promise(requestAnimationFrame)).then(() => true)"""


def check_readable(page: Page, *looks: Look) -> None:
    """In each of these looks (none: the one it has), of the document as it is: loading it anew would cost more than the look at it."""
    for scheme, width in looks:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate(_SETTLED)
        _check(page, f"{page.url} {scheme} {width}")
    if not looks:
        _check(page, page.url)


def _check(page: Page, where: str) -> None:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(_RUN, _RULES)
    assert found["passes"] > 0, where
    assert found["violations"] == [], where
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"wider than the screen: {where}"
