"""An app's logo: fetched by us over real HTTP, whatever its server does, and shown from our own address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import orjson
import pytest
from flask import Flask, Response
from sqlalchemy import delete, update

from idp.desk.refused import sentence
from idp.foundation import clock, housekeeping
from idp.foundation.outbox import Job, OutboxRow
from idp.foundation.refusals import RefusedRequests
from idp.oidc.clients.model import Client
from idp.oidc.logos import fetch
from idp.oidc.logos.model import ClientLogo
from idp.oidc.registration.change_client import change_client, options_of, switch_client
from idp.oidc.registration.register_client import prepare_client
from idp.oidc.registration.registration import issue_initial_access_token
from tests.support.apps import App
from tests.support.browser import Browser
from tests.support.hostile import Hostile
from tests.support.pictures import gif, png
from tests.support.server import free_port
from tests.support.serving import Served
from tests.support.town import Town
from tests.support.waiting import until

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
IMAGE = re.compile(r'<img class="app-logo" src="([^"]+)" alt="" width="48" height="48"')


class Pictures:
    """An app's web server: what it answers with may change."""

    def __init__(self) -> None:
        self.body, self.kind, self.status = png(), "image/png", 200
        self.asked: list[str] = []
        app = Flask("pictures")
        app.add_url_rule("/<name>", view_func=self._answer)
        self.served = Served(app, free_port())

    def _answer(self, name: str) -> Response:
        self.asked.append(name)
        return Response(self.body, self.status, content_type=self.kind)

    def at(self, name: str = "logo.png") -> str:
        return f"{self.served.url}/{name}"


@pytest.fixture
def pictures() -> Iterator[Pictures]:
    pictures = Pictures()
    yield pictures
    pictures.served.stop()


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    with Hostile() as server:
        yield server


def work(town: Town) -> None:
    while town.parts.worker.run_once():
        pass


def with_logo(town: Town, uri: str, **metadata: str) -> App:
    app = town.register(logo_uri=uri, **metadata)
    work(town)
    return app


def change(town: Town, app: App, **metadata: str | None) -> None:
    with town.writing() as session:
        row = session.get_one(Client, app.client_id)
        given = {n: v for n, v in (orjson.loads(row.metadata_json) | metadata).items() if v is not None}
        options = options_of(row)
        prepared = prepare_client(town.settings, town.parts.outbound, given, options, by_itself=False)
        change_client(session, town.settings, app.client_id, prepared, options, "test")
    town.op.clients.forget(app.client_id)


def shown(page: str) -> list[str]:
    return IMAGE.findall(page)


def consent(app: App, browser: Browser) -> str:
    return browser.get(browser.authorize(app, scope="openid profile").location).text


def tomorrow(town: Town) -> None:
    housekeeping.handle(town.parts.database, Job(0, housekeeping.TOPIC, {}, 0))
    work(town)


def test_the_picture_stands_beside_the_name_and_comes_from_us(any_town: Town, pictures: Pictures) -> None:
    app = with_logo(any_town, pictures.at())
    browser = any_town.signed_in()
    assert pictures.asked == ["logo.png"]
    consented = consent(app, browser)
    browser.sign_on(app, scope="openid profile")
    stranger = any_town.browser()
    start = stranger.authorize(app).location
    for page in (consented, browser.get("/my/settings/apps").text, stranger.get(start).text):
        (path,) = shown(page)
        assert pictures.served.url not in page.replace("logo_uri", "")
        answer = any_town.app.test_client().get(path)
        assert (answer.status_code, answer.data, answer.content_type) == (200, png(), "image/png")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Set-Cookie" not in answer.headers
    assert pictures.asked == ["logo.png"], "looking must not ask the app"


def test_below_a_path_too(sqlite_url: str, pictures: Pictures) -> None:
    with Town(sqlite_url, issuer="http://localhost:8000/id") as town:
        app = with_logo(town, pictures.at())
        browser = town.browser()
        (path,) = shown(browser.get(browser.get("/id/authorize", query_string=app.request()).location).text)
        assert path.startswith(f"/id/apps/{app.client_id}/logo/")
        assert town.browser().get(path).data == png()


def test_an_app_without_a_logo_shows_as_ever(town: Town, browser: Browser) -> None:
    assert "app-logo" not in consent(town.register(), browser)
    assert town.count(OutboxRow, OutboxRow.topic == fetch.TOPIC) == 0


def test_registering_waits_for_no_picture_and_has_it_fetched_at_once(
    town: Town, hostile: Hostile, pictures: Pictures
) -> None:
    with town.writing() as session:
        token = issue_initial_access_token(session, "test", 2, timedelta(days=1))
    for uri in (f"{hostile.url}/silence", pictures.at()):
        given = {"redirect_uris": ["https://a.example/cb"], "logo_uri": uri}
        answer = town.app.test_client().post("/register", json=given, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 201
        assert answer.json["logo_uri"] == uri
    assert hostile.asked == pictures.asked == []
    with town.writing() as session:
        session.execute(delete(OutboxRow))
    town.parts.worker._idle = 600.0
    town.parts.worker.start()
    until(lambda: all(thread.is_alive() for thread in town.parts.worker._threads))
    with town.app.app_context():
        app = town.register(logo_uri=pictures.at())
    until(lambda: town.count(ClientLogo, ClientLogo.client_id == app.client_id))


@pytest.mark.parametrize(
    "path", ["redirect", "huge", "down", "html", "nonsense", "drip-headers", "drip-body", "silence"]
)
def test_a_server_that_misbehaves_gives_no_logo_and_costs_little(
    town: Town, browser: Browser, hostile: Hostile, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "SECONDS", 0.5)
    app = with_logo(town, f"{hostile.url}/{path}")
    assert hostile.asked == [f"/{path}"]
    assert hostile.sent < 160 * 65536
    assert shown(consent(app, browser)) == []
    for _ in range(20):
        town.change(update(OutboxRow).where(OutboxRow.topic == fetch.TOPIC).values(due_at=clock.now()))
        work(town)
    assert len(hostile.asked) <= fetch.TRIES
    assert town.count(OutboxRow, OutboxRow.topic == fetch.TOPIC) == 0, "given up without a trace"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (SVG, "image/svg+xml"),
        (SVG, "image/png"),
        (b"<!doctype html><script>alert(1)</script>", "image/png"),
        (png() + SVG, "image/png"),
        (b"GIF89a/*<svg onload=alert(1)>*/=1", "image/gif"),
        (png(65535, 65535), "image/png"),
        (gif(pictures=2), "image/gif"),
        (png() + b"\0" * fetch.MAX_BYTES, "image/png"),
        (b"", "image/png"),
    ],
)
def test_what_is_no_picture_of_ours_is_not_kept(
    town: Town, browser: Browser, pictures: Pictures, body: bytes, kind: str
) -> None:
    pictures.body, pictures.kind = body, kind
    app = with_logo(town, pictures.at())
    assert pictures.asked
    assert town.count(ClientLogo) == 0
    assert shown(consent(app, browser)) == []


def test_the_type_is_what_it_is_and_not_what_was_said(town: Town, browser: Browser, pictures: Pictures) -> None:
    pictures.body, pictures.kind = gif(), "text/html"
    (path,) = shown(consent(with_logo(town, pictures.at()), browser))
    assert town.app.test_client().get(path).content_type == "image/gif"


def test_a_private_address_is_not_asked(sqlite_url: str, pictures: Pictures) -> None:
    with Town(sqlite_url, outbound_loopback=False) as town:
        for uri in ("https://127.0.0.1/logo.png", "https://10.0.0.1/l.png", "https://169.254.169.254/l.png"):
            with_logo(town, uri)
        app = town.register(logo_uri="https://a.example/logo.png")
        named = Client.client_id == app.client_id
        stored = town.rows(Client, named)[0].metadata_json.replace("https://a.example/logo.png", pictures.at())
        town.change(update(Client).where(named).values(metadata_json=stored))  # plain http, from a laxer time
        work(town)
        assert pictures.asked == []
        assert town.count(ClientLogo) == 0
        errors = {row.last_error for row in town.rows(OutboxRow, OutboxRow.topic == fetch.TOPIC)}
        assert errors == {"the address is not public", "plain http is only for allow-listed networks"}


def test_another_address_is_another_picture(town: Town, browser: Browser, pictures: Pictures) -> None:
    app = with_logo(town, pictures.at("old.png"))
    (old,) = shown(consent(app, browser))
    change(town, app, client_uri="https://a.example/")
    work(town)
    assert pictures.asked == ["old.png"], "what did not change is not fetched"
    change(town, app, logo_uri=pictures.at("new.gif"))
    assert shown(consent(app, browser)) == [], "the old picture is gone with its address"
    assert town.app.test_client().get(old).status_code == 404
    pictures.body = gif()
    work(town)
    (new,) = shown(consent(app, browser))
    assert new != old
    change(town, app, logo_uri=None)
    assert shown(consent(app, browser)) == []
    assert town.count(ClientLogo) == 0


def test_a_picture_that_came_too_late_is_not_kept(town: Town, browser: Browser, pictures: Pictures) -> None:
    """The address changed while the old one was being read."""
    app = with_logo(town, pictures.at("a.png"))
    with town.writing() as session:
        fetch._keep(session, app.client_id, pictures.at("b.png"), ("image/gif", gif()))
    assert [row.uri for row in town.rows(ClientLogo)] == [pictures.at("a.png")]


def test_every_day_it_is_looked_at_anew(town: Town, browser: Browser, pictures: Pictures) -> None:
    app = with_logo(town, pictures.at())
    pictures.body = gif()
    tomorrow(town)
    town.op.clients.forget(app.client_id)
    (path,) = shown(consent(app, browser))
    assert town.app.test_client().get(path).data == gif()
    pictures.status = 503
    tomorrow(town)
    assert shown(consent(app, browser)) == [path], "a server that is away takes nothing with it"
    pictures.status = 404
    tomorrow(town)
    assert shown(consent(app, browser)) == []
    pictures.status = 200
    tomorrow(town)
    assert shown(consent(app, browser)) == [path]


def test_an_app_that_was_switched_off_shows_no_picture(town: Town, browser: Browser, pictures: Pictures) -> None:
    app = with_logo(town, pictures.at())
    (path,) = shown(consent(app, browser))
    with town.writing() as session:
        switch_client(session, app.client_id, False, "test")
    assert town.app.test_client().get(path).status_code == 404
    asked = len(pictures.asked)
    tomorrow(town)
    assert len(pictures.asked) == asked
    assert town.count(ClientLogo) == 0


def test_others_pictures_and_odd_addresses_are_not_found(town: Town, browser: Browser, pictures: Pictures) -> None:
    first, second = with_logo(town, pictures.at()), town.register()
    (path,) = shown(consent(first, browser))
    for wrong in (
        path.replace(first.client_id, second.client_id),
        path[:-1],
        path.upper(),
        f"/apps/{first.client_id}/logo/%00",
        "/apps/%00/logo/x",
        f"/apps/{first.client_id}/logo/' or 1=1",
    ):
        assert town.app.test_client().get(wrong).status_code in (400, 404), wrong


def test_one_in_a_language_serves_for_all(town: Town, browser: Browser, pictures: Pictures) -> None:
    app = with_logo(town, pictures.at(), **{"logo_uri#ja": pictures.at("ja.png")})
    assert pictures.asked == ["logo.png"]
    change(town, app, logo_uri=None)
    work(town)
    assert pictures.asked == ["logo.png", "ja.png"]
    assert len(shown(consent(app, browser))) == 1


def test_the_desk_says_why_there_is_none(town: Town, pictures: Pictures) -> None:
    pictures.body = b"<svg/>"
    app = with_logo(town, pictures.at())
    away = with_logo(town, "http://127.0.0.1:9/logo.png")
    town.parts.refusals.flush()

    def said(client_id: str) -> list[tuple[str, str, str]]:
        rows = town.rows(RefusedRequests, RefusedRequests.client_id == client_id)
        return [(row.endpoint, row.error, row.reason) for row in rows]

    assert said(app.client_id) == [("logo_uri", "logo_not_taken", "not a PNG, JPEG, GIF or WebP")]
    assert [line[:2] for line in said(away.client_id)] == [("logo_uri", "logo_not_taken")]
    assert said(away.client_id)[0][2].startswith("not fetched: ")
    assert str(sentence("logo_not_taken")) != str(sentence("nonsense"))
