"""Cross-origin: browser apps may read token, userinfo, revocation, JWKS and discovery; never anything a cookie speaks for."""

from __future__ import annotations

import pytest

from tests.support.apps import App
from tests.support.town import Town

ORIGIN = {"Origin": "https://shared.example"}


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks", "/userinfo"])
def test_readable_by_get(shared_town: Town, path: str) -> None:
    answer = shared_town.app.test_client().get(path, headers=ORIGIN)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("path", ["/token", "/userinfo"])
def test_preflight(shared_town: Town, path: str) -> None:
    headers = {**ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    answer = shared_town.app.test_client().options(path, headers=headers)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize("path", ["/token", "/revoke"])
def test_errors_are_readable_too(shared_app: App, path: str) -> None:
    answer = shared_app.post(path, {"grant_type": "x"}, headers=ORIGIN)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/authorize"), ("POST", "/authorize"), ("GET", "/signin"), ("GET", "/logout"), ("POST", "/signout"),
     ("POST", "/language"), ("POST", "/introspect"), ("POST", "/register"), ("GET", "/my/"), ("OPTIONS", "/authorize"),
     ("GET", "/nowhere")],
)  # fmt: skip
def test_never_elsewhere(shared_town: Town, method: str, path: str) -> None:
    answer = shared_town.app.test_client().open(path, method=method, headers=ORIGIN)
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]


def test_without_an_origin_nothing_is_said(shared_town: Town) -> None:
    assert "Access-Control-Allow-Origin" not in shared_town.app.test_client().get("/jwks").headers
