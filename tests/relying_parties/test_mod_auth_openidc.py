"""Apache with mod_auth_openidc before an application that knows nothing but a header."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask, request

from idp.residents.model import SubjectIdentifier
from tests.support.rp import Person
from tests.support.server import free_port
from tests.support.serving import Served
from tests.support.waiting import until

from . import apache, needed
from .conftest import Site

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("relying_parties")]
TEMPLATE = Path(__file__).parent / "mod_auth_openidc" / "legacy.conf"


@dataclass
class Legacy:
    """Where it is reached, and what the city registered for it."""

    url: str
    client_id: str


def old_application() -> Flask:
    """Says what it was told."""
    app = Flask("legacy")

    @app.get("/goodbye")
    def goodbye() -> str:
        return "signed out"

    @app.get("/<path:page>")
    def page(page: str) -> dict[str, object]:
        return {"page": page, **{name.lower(): value for name, value in request.headers}}

    return app


@pytest.fixture(scope="module")
def legacy(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Legacy]:
    found = needed.find_apache()
    if found is None:
        needed.absent(needed.NO_APACHE)
        return
    port = free_port()
    url = f"http://localhost:{port}"
    made = site.register(
        client_name="Old application",
        redirect_uris=[f"{url}/.openid"],
        post_logout_redirect_uris=[f"{url}/goodbye"],
        backchannel_logout_uri=f"{url}/.openid?logout=backchannel",
        backchannel_logout_session_required=True,
        id_token_signed_response_alg="RS256",
    )
    application = Served(old_application(), free_port())
    given = {
        "port": port,
        "issuer": site.issuer,
        "client_id": made["client_id"],
        "client_secret": made["client_secret"],
        "passphrase": secrets.token_urlsafe(24),
        "application": f"http://127.0.0.1:{application.port}",
    }
    try:
        with apache.serving(*found, TEMPLATE, tmp_path_factory.mktemp("apache"), **given):
            yield Legacy(url, made["client_id"])
    finally:
        application.stop()


def open_page(person: Person, legacy: Legacy, page: str = "counter", **headers: str) -> requests.Response:
    return person.http.get(f"{legacy.url}/{page}", headers=headers, timeout=10)


def test_a_page_behind_it(site: Site, legacy: Legacy) -> None:
    person = Person(site.issuer)

    # Nobody is signed in: on to the provider, with PKCE, and back to the page that was asked for.
    sent = person.http.get(f"{legacy.url}/counter", allow_redirects=False, timeout=10)
    asked = parse_qs(urlsplit(sent.headers["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["nonce"]  # without being told to
    _, back = site.through(sent.headers["Location"], "jiro", person)
    shown = person.http.get(back, timeout=10)
    assert shown.url == f"{legacy.url}/counter"
    told = shown.json()
    assert told["page"] == "counter"
    assert told["x-claim-name"].encode("latin-1").decode() == "試験 次郎"
    assert not [name for name in told if "token" in name or name == "authorization"]

    # The header is the pairwise sub of this app, and nobody can say otherwise.
    sector = SubjectIdentifier.sector == f"client:{legacy.client_id}"
    assert [told["x-remote-user"]] == [row.sub for row in site.town.rows(SubjectIdentifier, sector)]
    lies = dict.fromkeys(("X-Remote-User", "X-Claim-name", "X-Claim-address"), "somebody")
    forged = open_page(person, legacy, **lies).json()
    assert forged["x-remote-user"] == told["x-remote-user"]
    assert "somebody" not in forged.values()
    stranger = requests.get(
        f"{legacy.url}/counter", headers={"X-Remote-User": "somebody"}, allow_redirects=False, timeout=10
    )
    assert stranger.status_code == 302

    sign_out_here(site, legacy, person)
    sign_in_again(site, legacy, person)
    sign_out_elsewhere(site, legacy, person)


def sign_out_here(site: Site, legacy: Legacy, person: Person) -> None:
    """The module's own address ends its session and the provider's, and the resident ends at the goodbye page."""
    out = person.http.get(f"{legacy.url}/.openid", params={"logout": f"{legacy.url}/goodbye"}, timeout=10)
    assert (out.url, out.text) == (f"{legacy.url}/goodbye", "signed out")
    assert signed_out(person, legacy)
    assert "machi_session" not in person.http.cookies.get_dict()


def sign_in_again(site: Site, legacy: Legacy, person: Person) -> None:
    """By a login that another app began; this one is not asked about again."""
    sent = person.http.get(f"{legacy.url}/counter", allow_redirects=False, timeout=10)
    cookie = site.town.browser().sign_in(site.town.resident("jiro"))
    person.http.cookies.set("machi_session", cookie, domain="localhost.local", path="/")
    _, back = site.through(sent.headers["Location"], person=person)
    assert person.http.get(back, timeout=10).json()["page"] == "counter"


def sign_out_elsewhere(site: Site, legacy: Legacy, person: Person) -> None:
    """At the provider itself: the module hears of it behind the browser's back."""
    page = person.go(f"{site.issuer}/logout")
    assert person.submit(page, "/logout/confirm").status_code == 200
    until(lambda: signed_out(person, legacy), 15)


def signed_out(person: Person, legacy: Legacy) -> bool:
    answer = person.http.get(f"{legacy.url}/counter", allow_redirects=False, timeout=10)
    return answer.status_code == 302 and "/authorize?" in answer.headers["Location"]


def test_a_forged_logout_token_ends_nothing(site: Site, legacy: Legacy) -> None:
    answer = requests.post(f"{legacy.url}/.openid?logout=backchannel", data={"logout_token": "e30.e30.e30"}, timeout=10)
    assert answer.status_code == 400
