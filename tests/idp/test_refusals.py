"""Every refusal has its reason where the right people see it: a line in the log, a row for the desk, a reference in the answer."""

from __future__ import annotations

import ast
import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask_babel import force_locale
from werkzeug.test import TestResponse

from idp.desk import refused as desk_refused
from idp.foundation import refusals
from idp.foundation.refusals import MORE, PER_HOUR, RefusedRequests
from idp.foundation.telemetry import JsonLines
from idp.oidc.registration.register_client import CityOptions
from idp.staff.roles import Role
from tests.support.apps import App
from tests.support.refusals import reference
from tests.support.staff import Desk
from tests.support.town import Town

SECRET = "a-secret-that-nobody-may-read-anywhere"


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The log as it is written."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("machi.http")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(handler)


def in_body(answer: TestResponse) -> str:
    return reference(answer.json)


def in_problem(answer: TestResponse) -> str:
    return str(answer.json["reference"])


def in_line(answer: TestResponse) -> str:
    return str(answer.json["results"][0]["problem"]["reference"])


def on_page(answer: TestResponse) -> str:
    found = re.search(r'<span class="number">([0-9A-Z]{10})</span>', answer.text)
    assert found is not None, answer.text
    return found[1]


def in_address(answer: TestResponse) -> str:
    return reference(dict(parse_qsl(urlsplit(answer.location).query)))


def event(app: App) -> TestResponse:
    options = CityOptions(client_id="childcare", event_source="https://childcare.city.example")
    department = app.town.register(options, grant_types=["client_credentials"], scope="case:write")
    form = {"grant_type": "client_credentials", "scope": "case:write", "resource": f"{app.town.issuer}/api/v1"}
    headers = {"Authorization": f"Bearer {department.post('/token', form).json['access_token']}"}
    return app.town.app.test_client().post(
        "/api/v1/events", data=b"[{}]", content_type="application/cloudevents-batch+json", headers=headers
    )


def bearer(path: str, method: str = "GET") -> Callable[[App], TestResponse]:
    def ask(app: App) -> TestResponse:
        headers = {"Authorization": f"Bearer {SECRET}"}
        return app.town.app.test_client().open(
            path, method=method, headers=headers, json={} if method == "POST" else None
        )

    return ask


def form(path: str, **values: str) -> Callable[[App], TestResponse]:
    return lambda app: app.post(path, values)


def browser(**changes: str | None) -> Callable[[App], TestResponse]:
    return lambda app: app.town.browser().authorize(app, **changes)


def wrong_secret(app: App) -> TestResponse:
    return app.post("/token", {"grant_type": "client_credentials"}, auth=(app.client_id, SECRET))


CASES: dict[str, tuple[Callable[[App], TestResponse], Callable[[TestResponse], str], str, bool]] = {
    "client authentication": (wrong_secret, in_body, "invalid_client", True),
    "token": (form("/token", grant_type="authorization_code", code=SECRET), in_body, "invalid_grant", True),
    "unknown grant": (form("/token", grant_type="nonsense"), in_body, "unsupported_grant_type", True),
    "revocation": (form("/revoke"), in_body, "invalid_request", True),
    "introspection": (form("/introspect"), in_body, "invalid_request", True),
    "pushed request": (form("/par", response_type="nonsense"), in_body, "unsupported_response_type", True),
    "device": (form("/device_authorization", scope="openid"), in_body, "unauthorized_client", True),
    "CIBA": (form("/backchannel_authentication", scope="openid"), in_body, "unauthorized_client", True),
    "redirect address": (browser(redirect_uri="https://else.example/"), on_page, "unregistered_redirect_uri", True),
    "unknown app": (browser(client_id="nobody"), on_page, "unknown_client", False),
    "authorization response": (browser(scope="profile"), in_address, "invalid_scope", True),
    "userinfo": (bearer("/userinfo"), in_body, "invalid_token", False),
    "registration": (bearer("/register", "POST"), in_body, "invalid_token", False),
    "event stream": (bearer("/ssf/streams"), in_problem, "invalid_token", False),
    "grants": (bearer("/grants/x"), in_problem, "invalid_token", False),
    "events": (bearer("/api/v1/events", "POST"), in_problem, "invalid_token", False),
    "one event": (event, in_line, "", True),
}


@pytest.mark.parametrize("case", CASES)
def test_of_every_kind(town: Town, lines: Callable[[], list[dict[str, Any]]], case: str) -> None:
    ask, read, error, named = CASES[case]
    app = town.register(grant_types=["authorization_code", "client_credentials"])
    answer = ask(app)
    given = read(answer)
    said = [line for line in lines() if line.get("reference") == given]
    assert len(said) == 1, lines()
    line = said[0]
    assert line["reason"]
    assert error in ("", line["error"])
    asked_by = "childcare" if case == "one event" else app.client_id
    assert line.get("client") == (asked_by if named else None)
    assert SECRET not in json.dumps(lines())
    town.parts.refusals.flush()
    rows = town.rows(RefusedRequests, RefusedRequests.reference == given)
    seen = [(r.client_id, r.endpoint, r.error, r.reason, r.times) for r in rows]
    assert seen == [(line.get("client"), line["endpoint"], line["error"], line["reason"], 1)]


def test_apps_that_do_not_exist_fill_no_table(town: Town) -> None:
    """Whatever is sent as their name: one row an hour, which names none of them."""
    stranger = town.browser()
    for name in ("nobody", "x" * 64, "'; drop", SECRET, *(f"app-{n}" for n in range(30))):
        assert stranger.get("/authorize", query_string={"client_id": name}).status_code == 400
    town.parts.refusals.flush()
    (row,) = town.rows(RefusedRequests)
    assert (row.client_id, row.error, row.endpoint, row.times) == (None, "unknown_client", "/authorize", 34)
    assert SECRET not in row.reason


def test_steps_of_a_protocol_are_no_refusals(town: Town) -> None:
    app = town.register()
    told = dict(parse_qsl(urlsplit(town.browser().authorize(app, prompt="none").location).query))
    assert told["error"] == "login_required"
    assert "reference" not in told["error_description"]
    town.parts.refusals.flush()
    assert town.rows(RefusedRequests) == []


def test_a_flood_fills_no_table(any_town: Town) -> None:
    tally = any_town.parts.refusals
    for number in range(refusals.WAITING + 100):
        tally.add("flooded", "/token", refusals.Refusal("invalid_request", f"reason {number}"), 2, "AAAAAAAAAA")
    tally.flush()
    tally.add("flooded", "/token", refusals.Refusal("invalid_request", "one more"), 1, "BBBBBBBBBB")
    tally.flush()
    rows = any_town.rows(RefusedRequests)
    assert len([r for r in rows if r.client_id == "flooded"]) == PER_HOUR + 1
    assert sum(r.times for r in rows) == 2 * (refusals.WAITING + 100) + 1  # folded, not forgotten
    assert {r.reference for r in rows if r.error == MORE and r.client_id == "flooded"} == {"BBBBBBBBBB"}


def test_two_processes_count_together(any_town: Town) -> None:
    others = refusals.Tally(any_town.parts.database)
    for tally in (any_town.parts.refusals, others):
        tally.add("app", "/token", refusals.Refusal("invalid_grant", "used"), 3, "AAAAAAAAAA")
        tally.flush()
    assert [row.times for row in any_town.rows(RefusedRequests)] == [6]


def test_what_cannot_be_written_disturbs_nobody(town: Town, tmp_path: Path) -> None:
    from idp.foundation.database import Database

    away = refusals.Tally(Database(f"sqlite:///{tmp_path}/without-tables.db"))
    away.add(None, "/token", refusals.Refusal("invalid_grant", "used"), 1, "AAAAAAAAAA")
    away.flush()


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_desk_says_what_was_refused_and_why(town: Town, lang: str) -> None:
    app = town.register()
    app.post("/token", {"grant_type": "authorization_code", "code": "wrong"})
    app.post("/token", {"grant_type": "authorization_code", "code": "wrong"})
    town.parts.refusals.flush()
    desk = Desk(town, lang)
    desk.sign_up()
    assert 'data-testid="desk-app-refusals"' in desk.get("/desk/apps").text
    page = desk.get(f"/desk/apps/{app.client_id}").text
    assert page.count('data-testid="desk-refused-row"') == 1
    assert {"en": "is wrong, used or too old", "ja": "期限切れです"}[lang] in page
    assert town.rows(RefusedRequests)[0].reference in page


def test_every_sentence_is_in_both_languages(town: Town) -> None:
    for text in desk_refused.SENTENCES.values():
        with town.app.test_request_context():
            with force_locale("en"):
                english = str(text)
            with force_locale("ja"):
                assert str(text) != english


CODE_OF = {"EventRefusedError": 1, "BearerError": 1, "ProblemError": 1, "problem_response": 1}
"""Which argument of these calls is the code."""
SOURCES = {
    "idp/oidc": {"BearerError", "ProblemError", "problem_response"},
    "mypage": {"EventRefusedError"},
    "mypage/intake": {"EventRefusedError", "ProblemError", "problem_response"},
}
"""Where apps are answered, by which calls; the other problems of my page are a person's."""


def codes_in_source() -> set[str]:
    """Codes that apps can be answered: literals of these calls, and `error` of a class of errors."""
    found = set()
    for base, calls in SOURCES.items():
        for path in Path(base).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and (name := getattr(node.func, "id", "")) in calls:
                    given = node.args[CODE_OF[name] : CODE_OF[name] + 1]
                    found |= {str(code.value) for code in given if isinstance(code, ast.Constant)}
                if isinstance(node, ast.ClassDef):
                    found |= {str(value) for value in map(error_of, node.body) if value is not None}
    return found


def error_of(line: ast.stmt) -> object:
    """`error = "invalid_target"` in the body of a class."""
    named = isinstance(line, ast.Assign) and getattr(line.targets[0], "id", "") == "error"
    return line.value.value if named and isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant) else None


def test_every_code_that_an_app_can_be_answered_has_its_sentence() -> None:
    codes = codes_in_source()
    assert {"my_number_refused", "invalid_dpop_proof", "invalid_token", "unknown_client"} <= codes, (
        "the search finds all kinds"
    )
    assert codes - set(desk_refused.SENTENCES) - refusals.EXPECTED == set()


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_what_names_no_registered_app_is_seen_at_the_desk(town: Town, lang: str) -> None:
    """Nothing of what was sent as a client id stands there: it may be a secret in the wrong field."""
    registered = town.register()
    registered.post("/token", {"grant_type": "authorization_code", "code": "wrong"})
    town.app.test_client().post(
        "/token", data={"grant_type": "authorization_code", "client_id": SECRET, "client_secret": SECRET}
    )
    town.parts.refusals.flush()
    (unnamed,) = town.rows(RefusedRequests, RefusedRequests.client_id.is_(None))
    desk = Desk(town, lang)
    desk.sign_up()
    assert 'data-testid="desk-log-refused"' in desk.get("/desk/log").text
    page = desk.get("/desk/log/refused").text
    assert page.count('data-testid="desk-refused-row"') == 1
    assert unnamed.reference in page
    assert {"en": "could not prove who it is", "ja": "アプリ"}[lang] in page
    assert SECRET not in page


def test_only_administrators_see_what_was_refused(town: Town) -> None:
    desk = Desk(town)
    desk.sign_up(Role.REGISTRAR)
    assert desk.get("/desk/log/refused").status_code == 403
