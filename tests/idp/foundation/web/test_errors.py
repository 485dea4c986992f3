"""Error pages: in the person's language, with a number that finds the log line, and never a trace."""

from __future__ import annotations

import json
import logging
import re

import pytest

from idp.foundation.telemetry import JsonLines
from idp.foundation.web.callers import Caller, called_by
from tests.support.town import Town


@pytest.fixture
def broken(town: Town) -> Town:
    """The town with one route that fails in a way nobody thought of."""

    @called_by(Caller.ANYONE)
    def fail() -> str:
        raise LookupError("secret-detail of somebody")

    town.app._got_first_request = False
    town.app.add_url_rule("/broken", "broken", fail)
    return town


def number(page: str) -> str:
    found = re.search(r'<span class="number">([0-9A-Z]{10})</span>', page)
    assert found is not None
    return found.group(1)


@pytest.mark.parametrize(("lang", "text"), [("ja", "こちらの不具合"), ("en", "Something went wrong on our side")])
def test_a_failure_of_ours(broken: Town, caplog: pytest.LogCaptureFixture, lang: str, text: str) -> None:
    answer = broken.browser(lang).get("/broken")
    assert answer.status_code == 500
    assert text in answer.text
    for word in ("Traceback", "LookupError", "secret-detail", "site-packages", "Werkzeug"):
        assert word not in answer.text
    assert number(answer.text)
    assert "unhandled LookupError at broken" in caplog.text


def test_the_number_is_in_the_log_line(broken: Town) -> None:
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(JsonLines().format(record))

    handler, logger = Keep(), logging.getLogger("machi.web")
    logger.addHandler(handler)
    try:
        page = broken.browser().get("/broken").text
    finally:
        logger.removeHandler(handler)
    line = json.loads(lines[-1])
    assert line["reference"] == number(page)
    assert line["level"] == "error"
    assert "LookupError" in line["trace"]


def test_programs_get_a_problem(broken: Town) -> None:
    client = broken.app.test_client()
    for path, status in (("/broken", 500), ("/nowhere", 404), ("/api/v1/nowhere", 404)):
        answer = client.get(path, headers={"Accept": "application/json"})
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
        assert answer.json["status"] == status
        assert set(answer.json) >= {"type", "title", "status", "detail", "reference"}
        assert "secret-detail" not in answer.text


@pytest.mark.parametrize(
    ("path", "status", "ja", "en"),
    [
        ("/nowhere", 404, "ページ", "This page does not exist"),
        ("/signin/" + "x" * 43, 410, "有効期限", "This page has expired"),
        ("/authorize?client_id=unknown", 400, "受け付けられません", "This request cannot be processed"),
        ("/token", 405, "受け付けられません", "This request cannot be processed"),
    ],
)
def test_what_the_person_is_told(shared_town: Town, path: str, status: int, ja: str, en: str) -> None:
    for lang, text in (("ja", ja), ("en", en)):
        answer = shared_town.browser(lang).get(path)
        assert answer.status_code == status
        assert f'<html lang="{lang}"' in answer.text
        assert text in answer.text
        number(answer.text)


def test_each_error_has_its_own_number(shared_town: Town) -> None:
    browser = shared_town.browser()
    assert number(browser.get("/nowhere").text) != number(browser.get("/nowhere").text)


def test_what_was_typed_is_not_repeated_as_markup(shared_town: Town) -> None:
    answer = shared_town.browser().get("/nowhere/<script>alert(1)</script>?x=<script>alert(2)</script>")
    assert "<script>alert" not in answer.text


def test_queries_are_not_logged(shared_town: Town, caplog: pytest.LogCaptureFixture) -> None:
    """Codes and hints travel there."""
    caplog.set_level("DEBUG")
    shared_town.browser().get("/nowhere?code=top-secret")
    shared_town.browser().get("/authorize?client_id=unknown&id_token_hint=top-secret")
    assert "top-secret" not in caplog.text


def test_a_body_too_large(shared_town: Town) -> None:
    answer = shared_town.browser().post("/language", {"lang": "x" * 9_000_000})
    assert answer.status_code in (400, 413)
