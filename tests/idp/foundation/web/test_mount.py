"""The issuer below a path: every way a proxy may ask for it, and no address that leaves it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from idp.foundation.settings import SettingsError
from idp.foundation.web.mount import without
from tests.support.browser import Browser
from tests.support.crawl import pages_below
from tests.support.staff import Desk
from tests.support.town import Town

PATH = "/machi"
ISSUER = f"http://localhost:8000{PATH}"


@pytest.fixture
def town(sqlite_url: str) -> Iterator[Town]:
    with Town(sqlite_url, issuer=ISSUER) as town:
        yield town


@pytest.mark.parametrize(
    ("asked", "route"),
    [
        ("/machi/my/", "/my/"),
        ("/my/", "/my/"),  # the proxy took the path away
        ("/machi", ""),
        ("/machi/", "/"),
        ("/machinery", "/machinery"),
        ("/machi/machi/x", "/machi/x"),
        ("/.well-known/oauth-authorization-server/machi", "/.well-known/oauth-authorization-server"),
        ("/machi/.well-known/openid-configuration", "/.well-known/openid-configuration"),
        ("/.well-known/webfinger", "/.well-known/webfinger"),
        ("/.well-known/x/y/machi", "/.well-known/x/y/machi"),
    ],
)
def test_which_route_is_meant(asked: str, route: str) -> None:
    assert without(PATH, asked) == route


@pytest.mark.parametrize(
    ("script_name", "before"), [("", PATH), ("", ""), (PATH, "")], ids=["passed-on", "taken-away", "server-mounts"]
)
def test_the_proxy_may_pass_the_path_on_or_not(town: Town, script_name: str, before: str) -> None:
    client = town.app.test_client()
    answer = client.get(f"{before}/my/cases?archived=1", environ_overrides={"SCRIPT_NAME": script_name})
    where = urlsplit(answer.location)
    assert where.path == "/machi/signin"
    assert parse_qs(where.query) == {"next": ["/machi/my/cases?archived=1"]}


@pytest.mark.parametrize("name", ["openid-configuration", "oauth-authorization-server", "ssf-configuration"])
def test_metadata_is_found_before_and_behind_the_path(town: Town, name: str) -> None:
    """OIDC Discovery §4.1 puts the name behind the issuer, RFC 8414 §3.1 and SSF §7.2 between host and path."""
    client = town.app.test_client()
    first, second = client.get(f"{PATH}/.well-known/{name}"), client.get(f"/.well-known/{name}{PATH}")
    assert first.json == second.json
    assert first.json["issuer"] == ISSUER
    for key, value in first.json.items():
        if key.endswith(("_endpoint", "_uri", "_iframe")):
            assert value.startswith(ISSUER + "/"), key


def test_webfinger_at_the_root_of_the_host_names_the_issuer(town: Town) -> None:
    found = town.app.test_client().get("/.well-known/webfinger?resource=acct:a@localhost:8000")
    assert found.json["links"][0]["href"] == ISSUER


@pytest.mark.parametrize("path", ["/my", "/static/x", "/.well-known", "/signin/here"])
def test_a_path_like_a_page_of_ours_ends_the_start_with_one_line(sqlite_url: str, path: str) -> None:
    with pytest.raises(SettingsError, match="MACHI_ISSUER: its path cannot begin with"):
        Town(sqlite_url, issuer=f"http://localhost:8000{path}")


def test_next_on_the_same_host_but_outside_the_path_is_not_followed(town: Town) -> None:
    browser = town.signed_in()
    for elsewhere in ("/other/", "/machinery/", "/my/", "/"):
        assert browser.get("/signin", query_string={"next": elsewhere}).location == "/machi/my/"
    assert browser.get("/signin", query_string={"next": "/machi/my/tasks"}).location == "/machi/my/tasks"


def visit(browser: Browser, address: str) -> tuple[int, str, str]:
    answer = browser.get(address)
    return answer.status_code, answer.location or "", answer.text


def test_no_address_of_a_residents_pages_leaves_the_path(town: Town) -> None:
    browser, stranger = town.signed_in(), town.browser()
    browser.tokens(town.register(client_name="For the lists"))
    seen = pages_below(lambda a: visit(browser, a), PATH, ["/", "/my/", "/account/passkeys/new", "/device", "/approve"])
    assert {f"/machi/my/{p}" for p in ("cases", "notices", "tasks", "settings/devices", "settings/credentials")} <= seen
    assert len(pages_below(lambda a: visit(stranger, a), PATH, ["/signin", "/staff/signin"])) >= 4


def test_no_address_of_the_desk_leaves_the_path(town: Town) -> None:
    desk = Desk(town)
    desk.sign_up()
    town.register(client_name="For the lists")
    seen = pages_below(lambda a: visit(desk, a), PATH, ["/desk/"])
    assert {f"/machi/desk/{p}" for p in ("apps", "apps/new", "keys", "tokens", "log", "staff")} <= seen
