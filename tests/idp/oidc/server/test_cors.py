"""Cross-origin: browser apps may read what the table names, with the headers browsers send; never anything a cookie speaks for."""

from __future__ import annotations

import pytest

from idp.oidc.clients.grant_types import DEVICE
from idp.oidc.server.cors import READABLE
from tests.support.apps import App
from tests.support.town import Town

ORIGIN = {"Origin": "https://shared.example"}


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks", "/userinfo"])
def test_readable_by_get(shared_town: Town, path: str) -> None:
    answer = shared_town.app.test_client().get(path, headers=ORIGIN)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers


# What browsers add: the app itself, tracing (W3C Trace Context), older scripts, a reload without cache, and MCP's clients.
SENT = (
    "authorization",
    "content-type",
    "dpop",
    "traceparent",
    "tracestate",
    "x-requested-with",
    "cache-control",
    "mcp-protocol-version",
)


@pytest.mark.parametrize(("endpoint", "methods"), READABLE.items())
def test_preflight(shared_town: Town, endpoint: str, methods: str) -> None:
    path = next(rule.rule for rule in shared_town.app.url_map.iter_rules() if rule.endpoint == endpoint)
    for method in methods.split(", "):
        headers = {**ORIGIN, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": ",".join(SENT)}
        answer = shared_town.app.test_client().options(path, headers=headers)
        assert (answer.status_code, answer.data) == (204, b"")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert set(SENT) <= set(answer.headers["Access-Control-Allow-Headers"].lower().split(", "))
        assert method in answer.headers["Access-Control-Allow-Methods"].split(", ")
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_browser_app_pushes_its_request_and_begins_a_device_sign_in(town: Town) -> None:
    public = town.register(token_endpoint_auth_method="none", grant_types=["authorization_code", DEVICE])
    pushed = public.post("/par", public.request(), headers=ORIGIN)
    begun = public.post("/device_authorization", {"scope": "openid"}, headers=ORIGIN)
    assert (pushed.status_code, begun.status_code) == (201, 200)
    assert {a.headers["Access-Control-Allow-Origin"] for a in (pushed, begun)} == {"*"}


def test_a_refusal_outside_of_the_view_is_readable_too(sqlite_url: str) -> None:
    with Town(sqlite_url, device_limit="1/minute") as town:
        public = town.register(
            token_endpoint_auth_method="none", grant_types=[DEVICE], redirect_uris=[], response_types=[]
        )
        answers = [public.post("/device_authorization", {"scope": "openid"}, headers=ORIGIN) for _ in range(2)]
        assert answers[1].status_code == 429
        assert answers[1].headers["Access-Control-Allow-Origin"] == "*"
        assert "Retry-After" in answers[1].headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("path", ["/token", "/revoke", "/par", "/device_authorization"])
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
