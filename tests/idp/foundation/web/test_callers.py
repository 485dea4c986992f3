"""Every route says who may call it; one that does not, does not exist."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from idp.foundation.web.callers import Caller, called_by, caller_of, undeclared
from mypage import MY_PAGE
from tests.support.town import Town


def test_every_route_declares_its_caller(shared_town: Town) -> None:
    assert undeclared(shared_town.app) == []


def test_no_route_for_debugging(shared_town: Town) -> None:
    """authentik CVE-2026-55106."""
    paths = {rule.rule for rule in shared_town.app.url_map.iter_rules()}
    assert not [p for p in paths if any(word in p for word in ("debug", "test", "console", "admin/eval"))]


def test_an_undeclared_route_is_found_and_does_not_answer(town: Town) -> None:
    town.app._got_first_request = False
    town.app.add_url_rule("/forgotten", "forgotten", lambda: "hello")
    assert undeclared(town.app) == ["forgotten"]
    answer = town.browser().get("/forgotten")
    assert answer.status_code == 500
    assert "hello" not in answer.text


def test_the_application_refuses_to_start_with_one(sqlite_url: str) -> None:
    def forgetful(app: Flask) -> None:
        MY_PAGE.install(app)
        app.add_url_rule("/forgotten", "forgotten", lambda: "hello")

    with pytest.raises(RuntimeError, match="forgotten"):
        Town(sqlite_url, home=replace(MY_PAGE, install=forgetful))


def test_what_is_for_residents_asks_for_a_login(shared_town: Town) -> None:
    """From the URL map: each page of a resident sends a stranger to sign in, and a script away."""
    stranger = shared_town.browser()
    seen = 0
    for rule in shared_town.app.url_map.iter_rules():
        if caller_of(shared_town.app, rule.endpoint) is not Caller.RESIDENT or "GET" not in (rule.methods or ()):
            continue
        path = rule.rule
        for argument in rule.arguments:
            path = (
                path.replace(f"<{argument}>", "a" * 43)
                .replace(f"<path:{argument}>", "a")
                .replace(f"<int:{argument}>", "1")
            )
        answer = stranger.get(path)
        assert answer.status_code == 303, path
        assert answer.location.startswith("/signin?next="), path
        script = stranger.get(path, headers={"Accept": "application/json"})
        assert script.status_code == 401, path
        assert script.json["title"] == "signed_out"
        seen += 1
    assert seen > 3


def test_the_mark_is_on_the_view_itself() -> None:
    @called_by(Caller.CLIENT)
    def view() -> str:
        return ""

    assert view.__machi_caller__ is Caller.CLIENT  # type: ignore[attr-defined]


def test_health(shared_town: Town) -> None:
    answer = shared_town.app.test_client().get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert answer.headers["Cache-Control"] == "no-store"
