"""docs/tour.md is true: each walk is done in a town under a tracer, and what the page names is called, in its order."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from flask import Flask

from idp.foundation.ids import new_id
from idp.oidc.registration.register_client import CityOptions
from mypage.families import event_types
from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.people import BIRTH_DATES
from tests.support.server import free_port
from tests.support.serving import Served
from tests.support.town import Town
from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[1]
STEP = re.compile(r"^\d+\. \[`(?P<file>[\w/.]+)`\]\(\.\./(?P=file)\) `(?P<name>[\w.]+)`: ", re.MULTILINE)
Call = tuple[str, str]


def walks() -> dict[str, list[Call]]:
    """Of each section of the page: (file, qualified name) of its steps, in order."""
    sections = (ROOT / "docs" / "tour.md").read_text("utf-8").split("\n## ")[1:]
    return {s.splitlines()[0]: [(m["file"], m["name"]) for m in STEP.finditer(s)] for s in sections}


@contextmanager
def traced() -> Iterator[list[Call]]:
    """What is called of our code meanwhile, in this thread and those that start now."""
    calls: list[Call] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(f"{ROOT}/") and "/tests/" not in file and "/.venv/" not in file:
            calls.append((file.removeprefix(f"{ROOT}/"), frame.f_code.co_qualname))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]


def left_out(steps: list[Call], calls: list[Call]) -> Call | None:
    """The first step that was not called after the one before it."""
    rest = iter(calls)
    return next((step for step in steps if step not in rest), None)


def sign_on(town: Town) -> None:
    """Somebody who was never here before signs in to an app with a code from the counter, and allows it."""
    code, app, browser = town.activation_code(), town.register(), town.browser()
    with walking("A sign-on"):
        attempt = browser.authorize(app).location
        browser.get(attempt)
        browser.post(f"{attempt}/code", {"code": code, "birth_date": BIRTH_DATES["hanako"]})
        back = attempt.replace("/signin/", "/authorize/")
        consent = browser.get(back).location
        browser.get(consent)
        answer = callback(browser.post(consent, {"decision": "allow"}))
        tokens = app.redeem(answer["code"]).json
        assert app.userinfo(tokens["access_token"]).json["name"] == "見本 花子"


def event(town: Town) -> None:
    """A department reports where an application stands; the resident's page that is open learns of it and fetches it."""
    browser, app = a_department(town)
    sub = app.id_token(browser.tokens(app, scope="openid")["id_token"])["sub"]
    body = {**event_types()["jp.machi.case.status.v1"].example, "id": new_id(), "source": "https://app.example"}
    body["data"] = {**body["data"], "resident": {"format": "iss_sub", "iss": town.issuer, "sub": sub}}
    form = {"grant_type": "client_credentials", "scope": "case:write", "resource": f"{town.issuer}/api/v1"}
    bearer = {"Authorization": f"Bearer {app.post('/token', form).json['access_token']}"}
    client = town.app.test_client()
    with walking("An event"):
        sent = client.post(
            "/api/v1/events", data=json.dumps(body), headers=bearer, content_type="application/cloudevents+json"
        )
        assert sent.status_code == 202, sent.text
        town.parts.worker.run_once()
        assert browser.get("/my/", headers={"X-Fragment": "1"}).status_code == 200


def sign_out(town: Town) -> None:
    """A resident signs out; the app that took part is told."""
    told = Flask("app")
    heard: list[str] = []
    told.add_url_rule("/logout", view_func=lambda: (heard.append("logout"), "")[1], methods=["POST"])
    served = Served(told, free_port())
    browser = town.signed_in()
    browser.tokens(town.register(backchannel_logout_uri=f"{served.url}/logout"))
    try:
        with walking("A sign-out"):
            browser.post("/signout")
            town.parts.worker.run_once()
            until(lambda: heard)
    finally:
        served.stop()


def a_department(town: Town) -> tuple[Browser, App]:
    options = CityOptions(event_source="https://app.example")
    app = town.register(options, grant_types=["authorization_code", "client_credentials"], scope="openid case:write")
    return town.signed_in(), app


@contextmanager
def walking(section: str) -> Iterator[None]:
    with traced() as calls:
        yield
    DONE[section] = calls


DONE: dict[str, list[Call]] = {}
WALKS: dict[str, Callable[[Town], None]] = {"A sign-on": sign_on, "An event": event, "A sign-out": sign_out}


def test_the_page_has_the_walks() -> None:
    found = walks()
    assert list(found) == list(WALKS)
    assert all(len(steps) >= 10 for steps in found.values())


@pytest.mark.parametrize("section", WALKS)
def test_the_page_says_what_happens(town: Town, section: str) -> None:
    WALKS[section](town)
    assert left_out(walks()[section], DONE[section]) is None


def test_a_step_that_is_not_taken_is_found(town: Town) -> None:
    """Or one that comes at another time than the page says."""
    calls = [("idp/a.py", "first"), ("idp/b.py", "second"), ("idp/a.py", "third")]
    assert left_out(calls, calls) is None
    assert left_out([("idp/a.py", "third"), ("idp/b.py", "second")], calls) == ("idp/b.py", "second")
    assert left_out([("idp/b.py", "gone")], calls) == ("idp/b.py", "gone")
