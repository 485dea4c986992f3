"""Authorization requests that go nowhere: with a wrong client or redirect URI nothing is sent anywhere (RFC 6749 §4.1.2.1)."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from idp.oidc.registration.register_client import CityOptions
from tests.support.apps import App
from tests.support.browser import Browser, callback
from tests.support.town import Town


def assert_page(answer: TestResponse, status: int = 400) -> None:
    """A page of ours, with a reference number, and no way to the app."""
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert "Location" not in answer.headers
    assert 'data-testid="error-page"' in answer.text
    assert "If you ask for help, tell us this number:" in answer.text


@pytest.mark.parametrize(("lang", "said"), [("en", "character by character"), ("ja", "一字一句")])
def test_the_developer_reads_which_rule_an_address_broke(
    shared_town: Town, shared_app: App, lang: str, said: str
) -> None:
    """On the page, since nothing goes to the app; not what is registered, which anybody could ask for so."""
    answer = shared_town.browser(lang).authorize(shared_app, redirect_uri="https://shared.example/other")
    assert said in answer.text
    assert "shared.example/callback" not in answer.text
    pushed = shared_town.app.test_client().post(
        "/par", data=shared_app.request(redirect_uri="https://shared.example/other"),
        auth=(shared_app.client_id, str(shared_app.secret)),
    )  # fmt: skip
    assert "character by character" in pushed.json["error_description"]


@pytest.mark.parametrize("client_id", ["unknown", "x" * 65, "' OR 1=1 --", None, "\u3042"])
def test_unknown_client(shared_browser: Browser, shared_app: App, client_id: str | None) -> None:
    assert_page(shared_browser.authorize(shared_app, client_id=client_id))


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/",
        "https://shared.example/callback/",
        "https://shared.example/callback?added=1",
        "https://shared.example/callback#fragment",
        "https://shared.example/CALLBACK",
        "https://shared.example:443/callback",
        "https://shared.example/callback/../callback",
        "https://shared.example/%63allback",
        "https://SHARED.example/callback",
        "https://shared.example.evil.example/callback",
        "https://user@shared.example/callback",
        "http://shared.example/callback",
        "https://shared.example/callback\n",
        "https://[",
        "javascript:alert(1)",
        "//shared.example/callback",
    ],
)
def test_redirect_uri_is_compared_exactly(shared_browser: Browser, shared_app: App, uri: str) -> None:
    """Keycloak GHSA-w8gr-xwp4-r9f7, authentik CVE-2024-52289, CVE-2026-41569; Authlib CVE-2026-41479, CVE-2026-44681.

    django-oauth-toolkit #413.
    """
    assert_page(shared_browser.authorize(shared_app, redirect_uri=uri))
    # Whatever else is wrong with the request must not open the way either.
    assert_page(shared_browser.authorize(shared_app, redirect_uri=uri, response_type="nonsense", scope="nope"))


def test_redirect_uri_may_be_left_out_only_if_there_is_one(
    shared_town: Town, shared_browser: Browser, shared_app: App
) -> None:
    assert callback(shared_browser.authorize(shared_app, redirect_uri=None, prompt="none"))["error"]
    two = shared_town.register(redirect_uris=["https://two.example/a", "https://two.example/b"])
    assert_page(shared_browser.authorize(two, redirect_uri=None))


def test_redirect_uri_with_a_query_is_exact_too(shared_town: Town, shared_browser: Browser) -> None:
    app = shared_town.register(redirect_uris=["https://q.example/cb?tenant=1"])
    assert shared_browser.sign_on(app)["code"]
    for uri in ("https://q.example/cb", "https://q.example/cb?tenant=2", "https://q.example/cb?tenant=1&x=1"):
        assert_page(shared_browser.authorize(app, redirect_uri=uri))


def test_a_query_of_the_redirect_uri_is_kept(shared_town: Town, shared_browser: Browser) -> None:
    app = shared_town.register(redirect_uris=["https://keep.example/cb?tenant=1"])
    shared_browser.sign_on(app)
    assert shared_browser.authorize(app).location.startswith("https://keep.example/cb?tenant=1&code=")


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
@pytest.mark.parametrize("other", [True, False], ids=["another", "the-same"])
def test_what_proves_the_way_back_sent_twice(shared_browser: Browser, shared_app: App, name: str, other: bool) -> None:
    """RFC 6749 §3.1, §4.1.2.1: then nobody knows where the error may go."""
    asked = shared_app.request()
    again = "https://evil.example/" if other else asked[name]
    assert_page(shared_browser.get("/authorize", query_string=[*asked.items(), (name, again)]))
    assert_page(shared_browser.get("/authorize", query_string=[(name, again), *asked.items()]))
    # An empty one counts as sent, too.
    assert_page(shared_browser.get("/authorize", query_string=[(name, ""), *asked.items(), (name, again)]))


@pytest.mark.parametrize("name", ["scope", "nonce", "prompt", "unknown", "code_challenge"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_any_other_parameter_sent_twice_is_told_to_the_app(
    shared_browser: Browser, shared_app: App, name: str, method: str
) -> None:
    """RFC 6749 §4.1.2.1."""
    pairs = [*shared_app.request(nonce=None, **{"code_challenge": None} if name == "code_challenge" else {}).items()]
    query = urlencode([*(p for p in pairs if p[0] != name), (name, "openid"), (name, "openid")])
    form = {"data": query, "content_type": "application/x-www-form-urlencoded"}
    more = {"query_string": query} if method == "GET" else form
    answer = shared_browser.client.open("/authorize", method=method, **more)
    told = callback(answer)
    assert (told["error"], told["state"]) == ("invalid_request", "st-1")
    assert told["iss"] == shared_app.town.issuer
    assert "more than once" in told["error_description"]


def test_a_doubled_state_is_not_given_back(shared_browser: Browser, shared_app: App) -> None:
    answer = shared_browser.get("/authorize", query_string=[*shared_app.request().items(), ("state", "other")])
    told = callback(answer)
    assert told["error"] == "invalid_request"
    assert "state" not in told


def test_twice_from_a_client_nobody_knows(shared_browser: Browser, shared_app: App) -> None:
    query = [*shared_app.request(client_id="nobody").items(), ("scope", "openid")]
    assert_page(shared_browser.get("/authorize", query_string=query))
    query = [*shared_app.request(redirect_uri="https://evil.example/").items(), ("scope", "openid")]
    assert_page(shared_browser.get("/authorize", query_string=query))


def test_twice_in_a_pushed_request_leaves_it_to_its_owner(shared_town: Town, shared_browser: Browser) -> None:
    """What cannot be read uses nothing up."""
    app = shared_town.register(CityOptions(skip_consent=True))
    pushed = app.post("/par", dict(app.request())).json["request_uri"]
    query = [("client_id", app.client_id), ("request_uri", pushed)]
    doubled = callback(shared_browser.get("/authorize", query_string=[*query, ("x", "1"), ("x", "2")]))
    assert doubled["error"] == "invalid_request"
    assert "code" in callback(shared_browser.get("/authorize", query_string=query))


@pytest.mark.parametrize("name", ["scope", "nonce", "login_hint", "unknown", "claims"])
def test_parameters_without_end(shared_browser: Browser, shared_app: App, name: str) -> None:
    """Keycloak CVE-2026-4634."""
    told = callback(shared_browser.authorize(shared_app, **{name: "x" * 20001}))
    assert (told["error"], told["state"]) == ("invalid_request", "st-1")


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_a_way_back_without_end(shared_browser: Browser, shared_app: App, name: str) -> None:
    assert_page(shared_browser.authorize(shared_app, **{name: "x" * 20001}))


def test_a_state_without_end_is_not_given_back(shared_browser: Browser, shared_app: App) -> None:
    told = callback(shared_browser.authorize(shared_app, state="x" * 20001))
    assert told["error"] == "invalid_request"
    assert "state" not in told


def test_parameters_without_number(shared_browser: Browser, shared_app: App) -> None:
    assert_page(shared_browser.authorize(shared_app, **{f"p{n}": "x" for n in range(100)}))


def test_a_deleted_client_is_unknown(town: Town, browser: Browser, app: App) -> None:
    from sqlalchemy import update

    from idp.oidc.clients.model import Client

    town.change(update(Client).where(Client.client_id == app.client_id).values(active=False))
    town.op.clients.forget(app.client_id)
    assert_page(browser.authorize(app))


@pytest.mark.parametrize(
    ("registered", "asked", "fits"),
    [
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb", True),
        ("http://127.0.0.1:8080/cb", "http://127.0.0.1:49152/cb", True),
        ("http://[::1]/cb", "http://[::1]:49152/cb", True),
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/other", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb?x=1", False),
        ("http://127.0.0.1/cb", "http://127.0.0.2:49152/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1@evil.example/cb", False),
        ("http://127.0.0.1/cb", "http://evil.example#@127.0.0.1/cb", False),
        ("http://127.0.0.1/cb", "https://127.0.0.1:49152/cb", False),
        ("http://127.0.0.1/cb", "http://user@127.0.0.1:49152/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb#x", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:bad/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/c\r\nb", False),  # parsers leave these out, and so do browsers
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152\t/cb", False),
        ("http://127.0.0.1/cb", "HTTP://127.0.0.1:49152/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb?", False),
        ("http://127.0.0.1/cb", "http://[::1", False),
        ("https://native.example/cb", "https://native.example:8443/cb", False),
        ("jp.example.app:/cb", "jp.example.app:/cb", True),
        ("jp.example.app:/cb", "jp.example.app:/cb2", False),
    ],
)
def test_only_the_port_of_a_native_apps_loopback_is_free(
    shared_town: Town, shared_browser: Browser, registered: str, asked: str, fits: bool
) -> None:
    """RFC 8252 §7.3."""
    app = shared_town.register(application_type="native", redirect_uris=[registered], token_endpoint_auth_method="none")
    answer = shared_browser.authorize(app, redirect_uri=asked, prompt="none")
    if fits:
        assert answer.location.startswith(asked)
        assert callback(answer)["error"] == "consent_required"
    else:
        assert_page(answer)


def test_a_web_apps_port_is_not_free(shared_town: Town, shared_browser: Browser) -> None:
    app = shared_town.register(redirect_uris=["http://localhost:9000/cb"])
    assert_page(shared_browser.authorize(app, redirect_uri="http://localhost:9001/cb"))
