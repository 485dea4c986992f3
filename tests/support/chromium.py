"""The real browser. Debian's Chromium (or any on the PATH) with Playwright's driver; where there is none, it is said loudly.

With CI=true a missing browser is a failure, not a skip.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

HOW = "No Chromium was found, so no page was looked at. Debian: apt-get install chromium fonts-noto-cjk; or set CHROMIUM=/path."
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# How long a test waits for what must come, and therefore only how long a failing one takes: no test names a time of its own.
expect.set_options(timeout=20_000)


def find_chromium() -> str | None:
    """Its path, or None."""
    wanted = os.environ.get("CHROMIUM")
    names = [wanted] if wanted else ["chromium", "chromium-browser", "google-chrome"]
    return next((found for name in names if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser per test process."""
    path = find_chromium()
    if path is None:
        pytest.fail(HOW) if os.environ.get("CI") else pytest.skip(HOW)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The last words of a run without a browser."""
    if find_chromium() is None:
        terminalreporter.section("BROWSER TESTS DID NOT RUN", sep="!", red=True, bold=True)
        terminalreporter.line(HOW)
