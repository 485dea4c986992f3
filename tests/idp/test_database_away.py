"""PostgreSQL ends connections, restarts and is killed: nobody sees a 500, apps read OAuth's errors, and all goes on by itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from idp.foundation.database import Database
from idp.foundation.driver import Find, find_all
from idp.foundation.unavailable import UnavailableError
from idp.oidc.jose.model import SigningKey
from idp.oidc.tokens.model import RevokedToken
from tests.support.browser import callback
from tests.support.databases import Restarted, end_connections
from tests.support.town import Town
from tests.support.waiting import until

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def server(template: Any) -> Iterator[Restarted]:
    server = Restarted(template[1])
    yield server
    server.close()


@pytest.fixture
def own_town(server: Restarted) -> Iterator[Town]:
    """On a server of its own. The database is the same for all tests here."""
    server.start()
    with Town(server.url) as town:
        yield town


def test_connections_that_ended_while_idle_cost_nobody_anything(postgresql_url: str) -> None:
    with Town(postgresql_url) as town:
        browser, app = town.signed_in(), town.register()
        tokens = browser.tokens(app)
        code = callback(browser.authorize(app))["code"]
        asks = [
            lambda: app.userinfo(tokens["access_token"]).status_code == 200,
            lambda: app.redeem(code).status_code == 200,
            lambda: app.refresh(tokens["refresh_token"]).status_code == 200,
            lambda: browser.authorize(app).status_code == 302,
            lambda: browser.get("/my/").status_code == 200,
            lambda: "/signin/" in town.browser().get("/signin").location,
        ]
        for ask in asks:
            end_connections(postgresql_url)
            assert ask()


def test_a_read_whose_connection_is_lost_half_way_is_asked_again(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    with database.read() as session:
        key = session.scalars(select(SigningKey)).first()
        assert key is not None
        kid = key.kid
        end_connections(postgresql_url)
        assert session.scalar(select(SigningKey.kid).where(SigningKey.kid == kid)) == kid
        end_connections(postgresql_url)
        assert session.execute(text("SELECT 1")).scalar() == 1
    assert key.kid == kid  # and what was loaded stays loaded after the session
    database.close()


def test_a_question_below_the_session_is_asked_again_as_well(postgresql_url: str) -> None:
    """But never in a transaction that writes: what it has read or locked before is gone."""
    database = Database(postgresql_url)
    question = Find(("kid",), "FROM signing_key WHERE kid <> :none"), {"none": ""}
    with database.read() as session:
        before = find_all(session, [question])
        assert before[0]
        end_connections(postgresql_url)
        assert find_all(session, [question]) == before

    def lose(session: Session) -> None:
        find_all(session, [question])
        end_connections(postgresql_url)
        find_all(session, [question])

    with pytest.raises(UnavailableError) as caught, database.write() as session:
        lose(session)
    assert caught.value.nothing_done
    database.close()


def test_a_write_says_whether_nothing_was_done(postgresql_url: str) -> None:
    database = Database(postgresql_url)

    def lose(session: Any) -> None:
        session.execute(text("SELECT 1"))
        end_connections(postgresql_url)
        session.execute(text("SELECT 1"))

    with pytest.raises(UnavailableError) as caught, database.write() as session:
        lose(session)
    assert caught.value.nothing_done
    with database.write() as session:
        session.execute(
            text(
                "CREATE FUNCTION pg_temp_die() RETURNS trigger LANGUAGE plpgsql AS $$ "
                "BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
            )
        )
        session.execute(
            text(
                "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON revoked_token DEFERRABLE INITIALLY DEFERRED "
                "FOR EACH ROW EXECUTE FUNCTION pg_temp_die()"
            )
        )
    try:
        with pytest.raises(UnavailableError) as caught, database.write() as session:
            session.execute(text("INSERT INTO revoked_token (jti, expires_at) VALUES ('x', 0)"))
        assert not caught.value.nothing_done  # the answer to COMMIT was lost: who knows
    finally:
        with database.write() as session:
            session.execute(text("DROP TRIGGER die ON revoked_token"))
            session.execute(text("DROP FUNCTION pg_temp_die"))
    with database.read() as session:
        assert session.get(RevokedToken, "x") is None
    database.close()


def test_a_code_whose_fate_is_unknown_is_not_offered_again(postgresql_url: str) -> None:
    with Town(postgresql_url) as town:
        browser, app = town.signed_in(), town.register()
        browser.tokens(app)
        code = callback(browser.authorize(app))["code"]
        with psycopg.connect(postgresql_url, autocommit=True) as other:
            other.execute(
                "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ "
                "BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NULL; END $$"
            )
            other.execute("CREATE TRIGGER die AFTER INSERT ON oauth_grant EXECUTE FUNCTION die()")
            try:
                answer = app.redeem(code)
            finally:
                other.execute("DROP FUNCTION die CASCADE")
        assert (answer.status_code, answer.json["error"]) == (503, "temporarily_unavailable")
        assert "Retry-After" not in answer.headers


def test_while_the_server_is_away(own_town: Town, server: Restarted) -> None:
    town = own_town
    browser, app = town.signed_in(), town.register()
    tokens = browser.tokens(app)
    browser.authorize(app)
    server.stop()
    for answer in (
        app.userinfo(tokens["access_token"]),
        app.refresh(tokens["refresh_token"]),
        app.post("/introspect", {"token": tokens["access_token"]}),
    ):
        assert answer.status_code == 503, answer.text
        assert answer.json["error"] == "temporarily_unavailable"
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Cache-Control"] == "no-store"
    back = browser.authorize(app, state="kept")
    found = parse_qs(urlsplit(back.location).query)
    assert back.location.startswith(app.redirect_uri)
    assert (found["error"], found["state"]) == (["temporarily_unavailable"], ["kept"])
    town.op.clients.forget(app.client_id)
    unproven = browser.authorize(app)  # the address cannot be checked: nobody is sent there
    assert unproven.status_code == 503
    page = browser.get("/my/")
    assert (page.status_code, page.mimetype) == (503, "text/html")
    assert "Nothing was changed" in page.text
    assert page.headers["Retry-After"]
    server.start()
    assert app.refresh(tokens["refresh_token"]).status_code == 200  # nothing was done before
    assert app.userinfo(tokens["access_token"]).status_code == 200
    assert browser.authorize(app).status_code == 302
    assert browser.get("/my/").status_code == 200


def test_killed_and_started_again_under_load(own_town: Town, server: Restarted) -> None:
    town = own_town
    browser, app = town.signed_in(), town.register()
    token = browser.tokens(app)["access_token"]
    session = str(browser.cookie("machi_session"))
    stop, seen = threading.Event(), [set[int]() for _ in range(4)]

    def load(statuses: set[int]) -> None:
        person = town.browser()
        person.set_cookie("machi_session", session)
        while not stop.is_set():
            statuses.add(app.userinfo(token).status_code)
            statuses.add(person.get("/my/").status_code)
            answer = person.authorize(app)
            statuses.add(answer.status_code)
            if "code" in (given := callback(answer) if answer.status_code == 302 else {}):
                statuses.add(app.redeem(given["code"]).status_code)

    threads = [threading.Thread(target=load, args=(statuses,)) for statuses in seen]
    for thread in threads:
        thread.start()
    until(lambda: all({200, 302} <= statuses for statuses in seen), 20)
    server.kill()
    until(lambda: all(503 in statuses for statuses in seen), 20)
    until(lambda: _starts(server), 30)
    for statuses in seen:
        statuses.discard(200)
    until(lambda: all(200 in statuses for statuses in seen), 20)
    stop.set()
    for thread in threads:
        thread.join(20)
    assert set().union(*seen) <= {200, 302, 503}


def _starts(server: Restarted) -> bool:
    try:
        server.start()
    except Exception:  # the killed one's children still hold its memory
        return False
    return True
