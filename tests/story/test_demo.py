"""`make demo` as a process: ready quickly, ends cleanly, finds its data again, starts over on request."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, expect

from tests.support.pages import which
from tests.support.server import free_port
from tests.support.waiting import until

from .conftest import ROOT, Demo, start, stop
from .person import Person

NUMBER = re.compile(r"\b(?:KD|FK)\d\d-\w{4}-\w{4}\b")

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("story")]


def test_starts_ends_and_finds_its_data_again() -> None:
    with tempfile.TemporaryDirectory(prefix="machi-demo-") as folder:
        state, port = Path(folder) / "city", free_port(neighbours=3)
        demo = start(port, state)
        assert requests.get(f"{demo.issuer}/healthz", timeout=5).status_code == 200
        keys = requests.get(f"{demo.issuer}/jwks", timeout=5).json()
        assert stop(demo, signal.SIGTERM) == 0
        for offset in range(4):
            with pytest.raises(requests.ConnectionError):
                requests.get(f"http://localhost:{port + offset}/healthz", timeout=2)

        again = start(port, state)
        assert requests.get(f"{again.issuer}/jwks", timeout=5).json() == keys
        assert stop(again, signal.SIGINT) == 0

        reset = subprocess.run(
            [sys.executable, "-m", "deploy.demo", "--state", str(state), "--reset"], cwd=ROOT, check=True
        )
        assert reset.returncode == 0
        assert not state.exists()


@pytest.mark.browser
@pytest.mark.parametrize("card", ["hanako", "taro", "midori"])
def test_every_case_on_my_page_opens_at_its_department(chromium: Browser, demo: Demo, card: str) -> None:
    """What a resident's page says a department does for them, the department's own app knows, and its back office."""
    person = Person(chromium, demo, card, java_script_enabled=False, locale="en-GB")
    page = person.page
    cases: dict[str, str] = {}
    for app in (demo.childcare, demo.benefits):
        page.goto(f"{app}/auth/login")
        shown = which(page, "signin-card", "consent", "greeting")
        if shown == "signin-card":
            person.press("signin-card")
            person.read_card()
            person.press("card-return")
            if which(page, "claim-start", "consent", "greeting") == "claim-start":
                person.press("claim-start")
                person.read_card(claim=True)
                person.press("card-return")
                person.press("passkey-skip")
            shown = which(page, "consent", "greeting")
        if shown == "consent":
            person.allow()
        page.goto(f"{app}/applications")
        for said in page.get_by_test_id("case-row").all_inner_texts():
            number = NUMBER.search(said)
            assert number is not None
            cases[number.group()] = app
    listed = set[str]()
    for path in ("/my/cases", "/my/cases?archived=1"):
        page.goto(demo.issuer + path)
        listed |= set(NUMBER.findall(page.locator("main").inner_text()))
    assert len(listed) >= 2
    assert listed == set(cases)
    person.close()
    clerk = chromium.new_context(locale="ja-JP").new_page()
    for app in sorted(set(cases.values())):
        clerk.goto(f"{app}/staff")
        clerk.get_by_test_id("staff-name").fill("係")
        clerk.get_by_test_id("staff-password").fill("mihon-staff")
        clerk.get_by_test_id("staff-signin").click()
        expect(clerk.get_by_test_id("staff-case-row").first).to_be_visible()
        known = clerk.locator("main").inner_text()
        assert {number for number, where in cases.items() if where == app} <= set(NUMBER.findall(known))
    clerk.context.close()


def test_it_speaks_in_one_voice(demo: Demo) -> None:
    """No line of a part's own, and where to go: pages, back offices, and the desk with a link that lets one in."""
    said = demo.said
    assert all(line.startswith(("demo: ", "  ")) or not line for line in said[: said.index(guide_title(said))])
    text = "\n".join(said)
    for address in (f"{demo.issuer}/my/", f"{demo.childcare}/staff", f"{demo.benefits}/staff"):
        assert address in text
    link = next(line.strip() for line in said if "/staff/enrol/" in line)
    assert requests.get(link, timeout=5).status_code == 200
    assert not re.search("WARN|INFO|reachable|granian", text)


def guide_title(said: list[str]) -> str:
    return next(line for line in said if "a fictional city" in line)


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


def test_a_taken_port_is_said_in_one_line() -> None:
    with tempfile.TemporaryDirectory(prefix="machi-demo-") as folder:
        port = free_port(neighbours=3)
        listener = subprocess.Popen(
            [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "-d", folder],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            until(lambda: answers(f"http://127.0.0.1:{port}/"))
            done = subprocess.run(
                [sys.executable, "-m", "deploy.demo", "--port", str(port), "--state", f"{folder}/city"],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=30,
            )
            assert done.returncode == 1
            assert f"port {port} is in use" in done.stderr
            assert "Traceback" not in done.stderr
        finally:
            listener.kill()
            listener.wait()
