"""The token endpoint's own rules: POST, a form, each parameter once."""

from __future__ import annotations

import pytest

from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.town import Town


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_post_only(shared_app: App, method: str) -> None:
    client = shared_app.town.app.test_client()
    answer = client.open("/token", method=method, query_string={"grant_type": "client_credentials"})
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_parameters_in_the_query_do_not_count(shared_app: App) -> None:
    answer = shared_app.post("/token?grant_type=client_credentials", {})
    assert answer.status_code == 400
    assert answer.json["error"] in ("invalid_request", "unsupported_grant_type")


def test_a_form_only(shared_app: App) -> None:
    client = shared_app.town.app.test_client()
    auth = (shared_app.client_id, str(shared_app.secret))
    for more in (
        {"json": {"grant_type": "refresh_token"}},
        {"data": b"grant_type=x", "content_type": "text/plain"},
        {},
    ):
        answer = client.post("/token", auth=auth, **more)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
    answer = client.post("/token", auth=auth, data={"grant_type": "x"}, content_type="multipart/form-data")
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_a_parameter_sent_twice(shared_app: App) -> None:
    data = "grant_type=refresh_token&refresh_token=a&refresh_token=b"
    answer = shared_app.town.app.test_client().post(
        "/token",
        data=data,
        content_type="application/x-www-form-urlencoded",
        auth=(shared_app.client_id, str(shared_app.secret)),
    )
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("grant", ["nonsense", 'with "quotes"', "\u3042", "x" * 3000, None])
def test_an_unknown_grant(shared_app: App, grant: str | None) -> None:
    answer = shared_app.post("/token", {"grant_type": grant})
    assert answer.status_code == 400
    assert answer.json["error"] in ("unsupported_grant_type", "invalid_request")
    assert "\u3042" not in answer.text
    assert answer.json.get("error_description", "").count('"') == 0


def test_errors_are_json_and_never_stored(shared_app: App) -> None:
    answer = shared_app.post("/token", {"grant_type": "refresh_token"})
    assert answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


def test_a_body_without_end(shared_app: App) -> None:
    for size in (100_000, 9_000_000):
        answer = shared_app.post("/token", {"grant_type": "x" * size})
        assert answer.status_code in (400, 413)


@pytest.mark.parametrize("blank", [" ", "   "])
@pytest.mark.parametrize("name", ["resource", "scope"])
def test_a_list_of_nothing_is_as_if_left_out(town: Town, browser: Browser, name: str, blank: str) -> None:
    """RFC 6749 §3.1, §3.2: a parameter without a value. It was no audience and no scope at all, and an error of ours."""
    app = town.register(grant_types=["authorization_code", "refresh_token"])
    asked = {"scope": "openid offline_access"} | ({"resource": blank} if name == "resource" else {})
    answer = app.redeem(browser.code(app, **asked), **{name: blank})
    assert (answer.status_code, answer.json.get("scope")) == (200, "openid offline_access")
    form = {"grant_type": "refresh_token", "refresh_token": answer.json["refresh_token"], name: blank}
    again = app.post("/token", form)
    assert (again.status_code, again.json.get("scope")) == (200, "openid offline_access")
    assert app.userinfo(again.json["access_token"]).status_code == 200
