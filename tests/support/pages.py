"""Which of several pages came: waited for, then said."""

from __future__ import annotations

from functools import reduce

from playwright.sync_api import Locator, Page, expect


def which(page: Page, *testids: str) -> str:
    """The first of these test ids that is on the page, once one is there. A look before that would catch the page before."""
    shown = [page.get_by_test_id(testid) for testid in testids]
    expect(reduce(Locator.or_, shown).first).to_be_visible()
    return next(testid for testid, found in zip(testids, shown, strict=True) if found.first.is_visible())
