"""What holds on every page: headers, languages, cookies, start-up, seeds."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from clients.benefits.department import DEPARTMENT as BENEFITS
from clients.benefits.history import HISTORY as BENEFITS_HISTORY
from clients.childcare.department import DEPARTMENT as CHILDCARE
from clients.childcare.history import HISTORY as CHILDCARE_HISTORY
from clients.kit import ConfigurationError
from clients.office import Known, create_app
from clients.office.individual_number import contains_individual_number
from clients.office.seed import seed
from tests.clients.office.conftest import Site, apply, environment
from tests.clients.tiny_provider import TinyProvider
from tests.support.server import free_port
from tests.support.waiting import until

ROOT = Path(__file__).parents[3]
NUMBERS = {"hanako": "0000010011", "taro": "0000010022", "midori": "0000010033"}
RESIDENTS = {key: Known(local_number=number) for key, number in NUMBERS.items()}


def test_every_page_has_a_strict_policy_and_nothing_inline(childcare: Site, provider: TinyProvider) -> None:
    visitor = childcare.visitor().sign_in()
    number = apply(visitor)
    staff = childcare.visitor().staff()
    pages = ["/", "/apply/daycare", "/applications", f"/applications/{number}", "/nothing"]
    answers = [visitor.get(page) for page in pages] + [staff.get(p) for p in ("/staff", f"/staff/cases/{number}")]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert f"form-action 'self' {provider.issuer}" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", answer.text)
        assert "undefined" not in answer.text.lower()


def test_the_page_speaks_the_language_asked_for(childcare: Site, provider: TinyProvider) -> None:
    assert 'lang="en"' in childcare.visitor("en").get("/").text
    assert 'lang="ja"' in childcare.visitor("fr").get("/").text
    visitor = childcare.visitor("ja")
    assert "Sign in with Machi ID" in visitor.get("/?lang=en").text
    assert "Sign in with Machi ID" in visitor.get("/").text
    visitor.sign_in()
    assert provider.requests[-1]["ui_locales"] == "en"
    other = childcare.visitor("ja")
    other.get("/start?ui_locales=en-GB%20ja")
    assert provider.requests[-1]["ui_locales"] == "en"


def test_every_text_is_translated() -> None:
    """Each msgid of code and templates stands in the Japanese catalogue."""
    from babel.messages.extract import extract_from_dir
    from babel.messages.pofile import read_po

    methods = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
    found = {message for _, _, message, _, _ in extract_from_dir(str(ROOT / "clients/office"), methods)}
    with (ROOT / "clients/office/translations/ja/LC_MESSAGES/messages.po").open("rb") as po:
        known = {message.id for message in read_po(po) if message.string}
    assert len(found) > 100
    assert found - known == set()


def test_departments_say_everything_in_both_languages() -> None:
    def texts(value: object) -> list[dict[str, str]]:
        if isinstance(value, dict) and "ja" in value:
            return [value]
        if isinstance(value, dict):
            return [text for item in value.values() for text in texts(item)]
        if isinstance(value, tuple):
            return [text for item in value for text in texts(item)]
        names = getattr(value, "__dataclass_fields__", {})
        return [text for name in names for text in texts(getattr(value, name))]

    for thing in (CHILDCARE, BENEFITS, CHILDCARE_HISTORY, BENEFITS_HISTORY):
        found = texts(thing)
        assert len(found) > 5
        assert [text for text in found if not text.get("en")] == []


@pytest.mark.parametrize("site", ["childcare", "benefits"])
def test_cookies_of_the_apps_do_not_collide(site: str, request: pytest.FixtureRequest) -> None:
    visitor = request.getfixturevalue(site).visitor().sign_in()
    visitor.staff()
    assert {name.split("_")[0] for name in visitor.browser.cookies.keys()} == {site}  # noqa: SIM118


def test_https_brings_secure_host_cookies(provider: TinyProvider, tmp_path: Path) -> None:
    env = environment(CHILDCARE, provider, tmp_path, free_port())
    app = create_app(CHILDCARE, {**env, "BASE_URL": "https://kodomo.example.lg.jp"})
    answer = app.test_client().get("/staff/signin?lang=en")
    cookies = answer.headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert cookie.startswith("__Host-childcare_")
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert "Path=/" in cookie
    assert "Strict-Transport-Security" in answer.headers


@pytest.mark.parametrize(
    "missing", ["ISSUER", "CLIENT_ID", "CLIENT_SECRET", "BASE_URL", "DATABASE", "EVENT_SOURCE", "SECRET_KEY"]
)
def test_a_missing_setting_stops_the_start(provider: TinyProvider, tmp_path: Path, missing: str) -> None:
    env = environment(CHILDCARE, provider, tmp_path, free_port())
    with pytest.raises(ConfigurationError):
        create_app(CHILDCARE, {**env, missing: ""})


def test_a_seeded_history_is_reported_once(benefits: Site, childcare: Site, provider: TinyProvider) -> None:
    for site, history in ((benefits, BENEFITS_HISTORY), (childcare, CHILDCARE_HISTORY)):
        assert seed(site.office, RESIDENTS, history)
        until(lambda site=site: site.office.reporter.counts()["waiting"] == 0)
        count = len(provider.events)
        assert site.office.reporter.counts()["rejected"] == 0
        assert not seed(site.office, RESIDENTS, history)
        assert len(provider.events) == count
    cases = [event for event in provider.events if event["type"] == "jp.machi.case.status.v1"]
    last = {event["subject"]: event["data"]["phase"] for event in cases}
    assert {"action_required", "decided", "completed", "in_review", "on_hold"} <= set(last.values())
    times = [event["time"] for event in cases if event["source"] == "https://childcare.example.lg.jp"]
    assert times == sorted(times)
    assert all(event["data"]["resident"]["format"] == "local_number" for event in provider.events)
    first = {event["subject"]: event["data"] for event in reversed(cases)}
    assert all({"procedure", "received_at"} <= set(data) for data in first.values())
    assert len([event for event in provider.events if event["type"] == "jp.machi.notice.published.v1"]) == 5


def test_a_seeded_case_opens_for_its_resident_by_the_link_on_my_page(childcare: Site, provider: TinyProvider) -> None:
    seed(childcare.office, RESIDENTS, CHILDCARE_HISTORY)
    until(lambda: childcare.office.reporter.counts()["waiting"] == 0)
    waiting = [event["data"] for event in provider.events if event["data"].get("phase") == "action_required"]
    path = waiting[0]["actions"][0]["url"].removeprefix(childcare.url)
    visitor = childcare.visitor().sign_in()
    visitor.post(path + "/attach", {})
    answer = visitor.post(path + "/respond", {"text": "担当者は総務係です"})
    assert answer.status_code == 200
    until(lambda: provider.events[-1]["data"]["phase"] == "in_review")


@pytest.mark.servers
@pytest.mark.parametrize("name", ["childcare", "benefits"])
def test_the_command_seeds_serves_and_stops_cleanly(name: str, provider: TinyProvider, tmp_path: Path) -> None:
    port = free_port()
    department = {"childcare": CHILDCARE, "benefits": BENEFITS}[name]
    env = {**os.environ, **environment(department, provider, tmp_path, port)}
    command = [sys.executable, "-m", f"clients.{name}"]
    residents = tmp_path / "residents.json"
    residents.write_text(json.dumps(NUMBERS))
    for words in ("seeded", "already seeded"):
        done = subprocess.run(
            [*command, "seed", "--residents", str(residents)],
            env=env,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr.strip()) == (0, words)
    assert provider.events == []
    server = subprocess.Popen([*command, "--port", str(port)], env=env, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        url = f"http://localhost:{port}"

        def healthy() -> bool:
            try:
                return requests.get(url + "/healthz", timeout=1).json()["status"] == "ok"
            except requests.RequestException:
                return False

        until(healthy, seconds=30)
        until(lambda: len(provider.events) > 10, seconds=15)
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
    finally:
        server.kill()


def test_a_wrong_setting_is_said_in_one_line(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "DATABASE": str(tmp_path / "x.db")}
    done = subprocess.run(
        [sys.executable, "-m", "clients.childcare"], env=env, cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr == "python -m clients.childcare: ISSUER is not set\n"


def test_individual_numbers_are_recognised() -> None:
    assert contains_individual_number("123456789018")
    assert contains_individual_number("私の番号は１２３４－５６７８－９０１８です")
    assert contains_individual_number("1234 5678 9018")
    assert not contains_individual_number("123456789012")
    assert not contains_individual_number("0123456789018")
    assert not contains_individual_number("電話 090-0000-0000")
