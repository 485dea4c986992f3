"""Web frameworks' libraries, first with no more than their documentation shows, then with the switches of our page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from idp.residents.model import SubjectIdentifier
from tests.support.html import form_actions, hidden_fields
from tests.support.server import free_port
from tests.support.signing_in import Resident

from .conftest import REGULAR, Site
from .web_apps import authlib_app, node_app

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("relying_parties")]


@dataclass(frozen=True)
class Library:
    """What an app with it shows. `alone`: as documented, either `(error, words of the reason)` or the claims that arrive."""

    callback: str
    alone: tuple[str, str] | set[str]
    switches: dict[str, Any]
    sends: set[str] = field(default_factory=set)
    """Of `nonce` and `code_challenge`, with the switches."""


NO_BINDING = ("invalid_request", "'code_challenge' or 'nonce'")
LIBRARIES = {
    "authlib": Library(
        "/callback",
        alone={"sub", "name", "email"},
        switches={"code_challenge_method": "S256"},
        sends={"nonce", "code_challenge"},
    ),
    "auth_js": Library("/auth/callback/machi", alone={"sub"}, switches={"idToken": False}, sends={"code_challenge"}),
    "express_openid_connect": Library(
        "/callback",
        alone=("unsupported_response_type", "'code'"),
        switches={"authorizationParams": {"response_type": "code"}},
        sends={"nonce", "code_challenge"},
    ),
    "passport": Library(
        "/callback",
        alone=NO_BINDING,
        switches={"nonce": True, "scope": ["profile", "email"], "skipUserProfile": False},
        sends={"nonce"},
    ),
}
Serve = Callable[[str, dict[str, Any]], str]


@pytest.fixture
def serve(site: Site, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Serve]:
    """Start an app with a library and its switches; where it is. Registered with nothing beside its addresses."""

    def start(name: str, switches: dict[str, Any]) -> str:
        port = free_port()
        url = f"http://localhost:{port}"
        made = site.register(
            client_name=name,
            redirect_uris=[url + LIBRARIES[name].callback],
            post_logout_redirect_uris=[f"{url}/bye"],
        )
        given = {
            "issuer": site.issuer,
            "url": url,
            "port": port,
            "switches": switches,
            "client_id": made["client_id"],
            "client_secret": made["client_secret"],
        }
        running: AbstractContextManager[None]
        if name == "authlib":
            running = authlib_app(given)
        else:
            node, modules = (request.getfixturevalue(n) for n in ("node", "node_modules"))
            running = node_app(node, modules, tmp_path, name, given)
        stack.enter_context(running)
        return url

    with ExitStack() as stack:
        yield start


def sign_in(regular: Resident, url: str) -> tuple[dict[str, list[str]], dict[str, Any]]:
    """What the app asked, and what it says at the end: who is signed in, or why nobody is."""
    sent = regular.http.get(f"{url}/login", allow_redirects=False, timeout=10).headers["Location"]
    back = regular.visit(sent)
    shown = regular.http.get(back.headers["Location"], timeout=10) if back.is_redirect else _posted(regular, back)
    told: dict[str, Any] = shown.json()
    return parse_qs(urlsplit(sent).query), told


def _posted(regular: Resident, page: requests.Response) -> requests.Response:
    """response_mode=form_post: the page's form, as the browser sends it."""
    return regular.http.post(form_actions(page.text)[-1], data=hidden_fields(page.text), timeout=10)


def with_values(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value}


@pytest.mark.parametrize("name", LIBRARIES)
def test_as_its_documentation_shows(name: str, serve: Serve, regular: Resident) -> None:
    """Works, or the developer reads at their own address what to change."""
    _, told = sign_in(regular, serve(name, {}))
    alone = LIBRARIES[name].alone
    if isinstance(alone, set):
        assert set(with_values(told)) == alone
    else:
        assert told["error"] == alone[0]
        assert alone[1] in told["description"]


@pytest.mark.parametrize("name", LIBRARIES)
def test_with_the_switches_of_our_page(name: str, site: Site, serve: Serve, regular: Resident) -> None:
    library = LIBRARIES[name]
    url = serve(name, library.switches)
    asked, told = sign_in(regular, url)
    assert library.sends == {"nonce", "code_challenge"} & set(asked)
    assert asked.get("code_challenge_method", ["S256"]) == ["S256"]
    (row,) = site.town.rows(SubjectIdentifier, SubjectIdentifier.sector == f"client:{asked['client_id'][0]}")
    assert told == {"sub": row.sub, "name": REGULAR["name"], "email": REGULAR["email"]}


def test_signing_out_of_an_express_app_signs_out_here(serve: Serve, regular: Resident) -> None:
    name = "express_openid_connect"
    url = serve(name, LIBRARIES[name].switches)
    sign_in(regular, url)
    sent = regular.http.get(f"{url}/logout", allow_redirects=False, timeout=10).headers["Location"]
    assert "id_token_hint" in parse_qs(urlsplit(sent).query)
    back = regular.go(sent)
    assert back.headers["Location"] == f"{url}/bye"
    signins = regular.signins
    sign_in(regular, url)
    assert regular.signins == signins + 1
