"""The whole happy path over HTTP, against the server as it runs in production, by a relying party that shares no code with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from flask import Flask, request

from idp.oidc.registration.registration import issue_initial_access_token
from tests.support.people import BIRTH_DATES
from tests.support.rp import Person, RelyingParty
from tests.support.server import free_port, running
from tests.support.serving import Served
from tests.support.town import Town
from tests.support.waiting import until

pytestmark = pytest.mark.servers


class Site:
    """A running provider, prepared: people in the register, and tokens to register apps with."""

    def __init__(self, issuer: str, database_url: str) -> None:
        from datetime import timedelta

        self.issuer = issuer
        with Town(database_url, issuer=issuer) as town:
            self.code = {key: town.activation_code(key) for key in ("hanako", "taro")}
            with town.writing() as session:
                self.token = issue_initial_access_token(session, "test", 20, timedelta(days=1))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, template: Any) -> Iterator[Site]:
    """One process on SQLite; two on PostgreSQL and Redis, so that nothing may hang on a process."""
    from tests.conftest import sqlite_copy
    from tests.support import databases

    log, port = Path(tmp_path_factory.mktemp("server")) / "log", free_port()
    if request.param == "sqlite":
        with sqlite_copy(template[0]) as url, running(log, port, database_url=url) as issuer:
            yield Site(issuer, url)
        return
    server, redis = request.getfixturevalue("postgresql_server"), request.getfixturevalue("redis_url")
    with (
        databases.postgresql_copy(server) as url,
        running(log, port, processes=2, database_url=url, live_url=redis) as issuer,
    ):
        yield Site(issuer, url)


def claim(person: Person, page: Any, code: str, birth_date: str) -> Any:
    """First time: the activation code from the counter, then on from the welcome page."""
    form = person.go(page.url + "/code")
    welcome = person.submit(form, page.url + "/code", code=code, birth_date=birth_date)
    assert 'data-testid="unified-id"' in welcome.text
    return person.go(person.issuer + "/authorize/" + page.url.rsplit("/", 1)[1])


def test_the_story(site: Site) -> None:
    heard: list[str] = []
    app = Flask("rp")
    app.add_url_rule("/bye", view_func=lambda: (heard.append(request.form["logout_token"]), "")[1], methods=["POST"])
    served = Served(app, free_port())
    try:
        run_story(site, heard, f"{served.url}/bye")
    finally:
        served.stop()


def run_story(site: Site, heard: list[str], bye: str) -> None:
    first = RelyingParty(
        site.issuer,
        site.token,
        "https://kodomo.example/cb",
        backchannel_logout_uri=bye,
        post_logout_redirect_uris=["https://kodomo.example/bye"],
    )
    second = RelyingParty(site.issuer, site.token, "https://fukushi.example/cb", id_token_signed_response_alg="RS256")
    person = Person(site.issuer)

    url, kept = first.start()
    consent = claim(person, person.go(url), site.code["hanako"], BIRTH_DATES["hanako"])
    assert "見本 花子" in consent.text
    back = person.submit(consent, consent.url, decision="allow")
    tokens = first.finish(back.headers["Location"], kept)
    assert tokens["claims"]["acr"] == "urn:machi:acr:ial3-aal1"
    info = first.userinfo(tokens["access_token"])
    assert info.json()["name"] == "見本 花子"
    assert info.json()["sub"] == tokens["claims"]["sub"]

    # Single sign-on: the second app needs no sign-in, only its own consent; then neither.
    url, kept = second.start()
    back = person.submit(page := person.go(url), page.url, decision="allow")
    other = second.finish(back.headers["Location"], kept)
    assert other["claims"]["sub"] != tokens["claims"]["sub"]
    url, kept = second.start(prompt="none")
    assert second.finish(person.go(url).headers["Location"], kept)["claims"]["sub"] == other["claims"]["sub"]

    refreshed = first.refresh(tokens["refresh_token"]).json()
    assert first.check(refreshed["id_token"])["sub"] == tokens["claims"]["sub"]
    assert first.call("introspection_endpoint", token=refreshed["access_token"]).json()["active"] is True
    assert second.call("introspection_endpoint", token=refreshed["access_token"]).json() == {"active": False}
    assert second.call("revocation_endpoint", token=other["refresh_token"]).status_code == 200
    assert second.refresh(other["refresh_token"]).json()["error"] == "invalid_grant"

    # Sign-out at one app signs out of all, and the first is told at once by the provider's own delivery loop.
    query = {
        "id_token_hint": refreshed["id_token"],
        "post_logout_redirect_uri": "https://kodomo.example/bye",
        "state": "s",
    }
    from urllib.parse import urlencode

    out = person.go(first.config["end_session_endpoint"] + "?" + urlencode(query))
    assert out.headers["Location"] == "https://kodomo.example/bye?state=s"
    until(lambda: heard, 15)
    claims = first.check(heard[0])
    assert (claims["sub"], claims["sid"]) == (tokens["claims"]["sub"], tokens["claims"]["sid"])
    assert jwt.get_unverified_header(heard[0])["typ"] == "logout+jwt"
    assert first.userinfo(refreshed["access_token"]).status_code == 401
    assert first.refresh(refreshed["refresh_token"]).json()["error"] == "invalid_grant"
    url, _ = first.start(prompt="none")
    assert "error=login_required" in person.go(url).headers["Location"]


def test_a_code_stolen_over_http(site: Site) -> None:
    """The code alone is worth nothing without the verifier; the second use of a good one takes everything back."""
    app = RelyingParty(site.issuer, site.token, "https://zei.example/cb")
    person = Person(site.issuer)
    url, kept = app.start()
    consent = claim(person, person.go(url), site.code["taro"], BIRTH_DATES["taro"])
    back = person.submit(consent, consent.url, decision="allow").headers["Location"]
    code = back.partition("code=")[2].partition("&")[0]
    stolen = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": app.redirect_uri,
        "code_verifier": "x" * 43,
    }
    assert app.call("token_endpoint", **stolen).json()["error"] == "invalid_grant"
    tokens = app.finish(back, kept)
    assert (
        app.call("token_endpoint", **{**stolen, "code_verifier": kept["verifier"]}).json()["error"] == "invalid_grant"
    )
    assert app.userinfo(tokens["access_token"]).status_code == 401
