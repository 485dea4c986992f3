"""The live server under those who mean no good, or do not read, and across restarts of it and of Redis."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from idp.foundation.journal import Mark, Reader
from idp.logins.sessions import end_sessions
from mypage.delivery.live import hub as hub_module
from mypage.delivery.live import server as server_module
from tests.mypage.city import City
from tests.mypage.delivery.live.pages import LiveServer, Page
from tests.support.redis_servers import RedisServer
from tests.support.waiting import until


@pytest.fixture
def city(sqlite_url: str) -> Iterator[City]:
    with City(sqlite_url) as city:
        yield city


@pytest.fixture
def server(city: City) -> Iterator[LiveServer]:
    server = LiveServer(city.app, heartbeat=600.0)
    yield server
    server.close()


def connect(server: LiveServer) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", server.port), 10)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return line


def ask(server: LiveServer, request: bytes) -> bytes:
    """All that is answered until the server closes."""
    with connect(server) as line:
        line.sendall(request)
        answer = b""
        while part := line.recv(65536):
            answer += part
        return answer


def stream(cookie: str, *more: str) -> bytes:
    fields = [f"Cookie: machi_session={cookie}", "Host: x", *more]
    return ("GET /my/live HTTP/1.1\r\n" + "\r\n".join(fields) + "\r\n\r\n").encode()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 404),
        (b"POST /my/live HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 405),
        (b"GET /my/live HTTP/1.1\r\n\r\n", 401),
        (b"GET /my/live?after=%ff&after HTTP/1.1\r\nCookie: machi_session=%ff\r\n\r\n", 401),
        (b"GET /my/live HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET /my/live HTTP/1.1\r\n folded: x\r\n\r\n", 400),
        (b"GET http://other/my/live HTTP/1.1\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
        (b"GET /my/live HTTP/1.1\r\nX: " + b"x" * 20000, 431),
        (b"GET /healthz HTTP/1.1\r\n\r\n", 200),
        (b"GET /readyz HTTP/1.1\r\n\r\n", 503),  # the test database names no version of its schema
    ],
)
def test_what_is_no_stream_is_answered_and_closed(server: LiveServer, request_: bytes, status: int):
    answer = ask(server, request_)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"connection: close" in answer.lower()
    until(lambda: not server.server.open)


@pytest.mark.parametrize("path", ["/", "/my/live", "/healthz", "/readyz"])
def test_an_answer_to_head_has_no_body(server: LiveServer, path: str):
    """What follows would be taken for the next answer (RFC 9110 §9.3.2)."""
    assert ask(server, f"HEAD {path} HTTP/1.1\r\n\r\n".encode()).endswith(b"\r\n\r\n")


def test_an_address_with_very_many_parameters_is_an_address(city: City, server: LiveServer):
    page = Page(server.port, city.sign_in(city.resident())[1], after="&x" * 2000)
    assert page.event()[0] == "hello"
    page.close()


@pytest.mark.parametrize(("site", "status"), [("same-origin", 200), ("same-site", 403), ("cross-site", 403)])
def test_other_sites_pages_get_no_stream(city: City, server: LiveServer, site: str, status: int):
    page = Page(server.port, city.sign_in(city.resident())[1], Sec_Fetch_Site=site)
    assert page.answer.status == status
    assert page.answer.headers["Access-Control-Allow-Origin"] is None
    page.close()


def test_who_does_not_finish_the_head_is_cut_off(server: LiveServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server_module, "HEAD_SECONDS", 0.1)
    with connect(server) as line:
        line.sendall(b"GET /my/live HT")
        assert line.recv(1) == b""


def test_the_oldest_of_too_many_silent_connections_goes(
    city: City, server: LiveServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(server_module, "UNADMITTED", 5)
    lines = [connect(server) for _ in range(10)]
    for line in lines[:5]:
        with pytest.raises((ConnectionResetError, AssertionError)):
            assert line.recv(1)
    page = Page(server.port, city.sign_in(city.resident())[1])
    assert page.answer.status == 200
    page.close()
    for line in lines:
        line.close()


def test_a_flood_from_one_login_is_refused_and_others_get_their_streams(city: City, server: LiveServer):
    hanako, taro = city.resident(), city.resident()
    cookie = city.sign_in(hanako)[1]
    statuses = []
    for _ in range(60):
        line = connect(server)
        line.sendall(stream(cookie))
        statuses.append(line.recv(12)[-3:])
    assert set(statuses) == {b"200", b"429"}
    assert statuses.count(b"429") >= 40
    until(lambda: server.hub.used <= hub_module.PER_RESIDENT)
    page = Page(server.port, city.sign_in(taro)[1])
    assert page.event()[0] == "hello"
    page.close()
    assert b"retry-after" in ask(server, stream(cookie)).lower()


def test_made_up_cookies_are_refused_and_keep_nothing(server: LiveServer):
    for n in range(30):
        assert b" 401 " in ask(server, stream(f"{n:043d}"))
    assert server.hub.used == 0
    until(lambda: not server.server.open)
    until(lambda: not server.server.gate._opened)


def test_a_reader_that_does_not_read_is_dropped_and_others_hear(
    city: City, server: LiveServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(hub_module, "COALESCE", 0.001)
    hanako, taro = city.resident(), city.resident()
    lazy = connect(server)
    lazy.sendall(stream(city.sign_in(hanako)[1]))
    page = Page(server.port, city.sign_in(taro)[1])
    page.event()
    until(lambda: server.hub.used == 2)
    fragments = [f"case:{n:026d}" for n in range(2000)]

    def tell() -> bool:
        city.parts.journal.append({"told": [[[hanako], fragments], [[taro], ["home"]]]})
        return server.hub.used == 1

    until(tell)
    assert page.event()[1]["fragments"] == ["home"]
    page.close()
    lazy.close()


def test_a_thousand_changes_are_told_while_new_pages_open(
    city: City, server: LiveServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(hub_module, "CHUNK", 1)
    residents = [city.resident() for _ in range(8)]
    pages = [Page(server.port, city.sign_in(resident)[1]) for resident in residents]
    for page in pages:
        page.event()
    city.parts.journal.append({"told": [[residents, ["home"]]]})
    for page in pages:
        assert page.event() == ("change", {"fragments": ["home"]})
        page.close()


def test_pages_that_change_together_are_asked_to_fetch_one_after_another(city: City, sqlite_url: str):
    server = LiveServer(city.app, heartbeat=600.0, rate=2)
    residents = [city.resident() for _ in range(8)]
    pages = [Page(server.port, city.sign_in(resident)[1], after=city.parts.journal.mark()) for resident in residents]
    for page in pages:
        assert page.event()[1] == {"every": 15000}
    city.parts.journal.append({"told": [[residents, ["home"]]]})
    waits = [page.event()[1].get("in", 0) for page in pages]
    assert sorted(waits)[:2] == [0, 0]
    assert max(waits) > 2000
    # What changes meanwhile joins the turn that the page has.
    city.parts.journal.append({"told": [[residents, ["cases"]]]})
    again = [page.event()[1].get("in", 0) for page in pages]
    assert all(later <= first for first, later in zip(waits, again, strict=True) if first)
    for page in pages:
        page.close()
    server.close()


def test_after_a_restart_pages_come_back_one_after_another_and_miss_nothing(city: City):
    first = LiveServer(city.app, heartbeat=600.0)
    hanako, taro = city.resident(), city.resident()
    cookies = [city.sign_in(resident)[1] for resident in (hanako, taro)]
    pages = [Page(first.port, cookie) for cookie in cookies]
    city.parts.journal.append({"told": [[[hanako, taro], ["home"]]]})
    for page in pages:
        assert page.event("hello")[0] == "change"
    first.close()
    for page in pages:
        name, data = page.event()
        assert name == "back"
        assert 2000 <= data["in"] < 4000
        assert page.event() == ("", {})
    city.parts.journal.append({"told": [[[hanako], ["cases"]]]})
    second = LiveServer(city.app, heartbeat=600.0)
    again = [Page(second.port, cookie, after=page.mark) for cookie, page in zip(cookies, pages, strict=True)]
    assert [page.event()[1] for page in again] == [{"every": 15000}] * 2
    assert again[0].event() == ("change", {"fragments": ["cases"]})
    city.parts.journal.append({"told": [[[taro], ["tasks"]]]})
    assert again[1].event() == ("change", {"fragments": ["tasks"]})
    second.close()


def test_a_page_that_comes_before_the_journal_is_read_waits_for_it(city: City, monkeypatch: pytest.MonkeyPatch):
    """Ten thousand come at once after a restart: one that is refused comes back much later."""
    readers: list[Reader] = []

    class Following:
        def close(self) -> None:
            """Nothing to release."""

    def follow(reader: Reader) -> Following:
        readers.append(reader)
        return Following()

    journal = city.parts.journal
    monkeypatch.setattr(journal, "follow", follow)
    server = LiveServer(city.app, heartbeat=600.0)
    with connect(server) as line:
        line.sendall(stream(city.sign_in(city.resident())[1]))
        until(lambda: server.server.open and not server.server.waiting)
        assert b" 200 " in ask(server, b"GET /healthz HTTP/1.1\r\n\r\n"), "it listens already"
        mark = Mark.read(journal.mark())
        assert mark is not None
        readers[0].begin([], mark)
        assert line.recv(15) == b"HTTP/1.1 200 OK"
    monkeypatch.setattr(server_module, "BEGIN", 0.05)
    server.close()
    deaf = LiveServer(city.app, heartbeat=600.0)
    assert b" 503 " in ask(deaf, stream(city.sign_in(city.resident())[1])), "not for ever"
    deaf.close()


def test_logins_that_ended_while_the_database_was_asked_together_are_told_apart(city: City, server: LiveServer):
    logins = [city.sign_in(city.resident()) for _ in range(6)]
    pages = [Page(server.port, cookie) for _, cookie in logins]
    for page in pages:
        page.event()
    city.parts.worker.start()
    with city.app.test_request_context(), city.parts.database.write() as session:
        end_sessions(session, [session_id for session_id, _ in logins[::2]], by="resident")
    for page in pages[::2]:
        assert page.event() == ("ended", {})
    assert server.hub.used == 3
    for page in pages:
        page.close()


@pytest.mark.servers
def test_redis_away_and_back(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Pages stay, know that they hear nothing, and look at everything when they hear again."""
    monkeypatch.setattr(hub_module, "DEAF_AFTER", 0.1)
    redis = RedisServer(tmp_path).start()
    with City(sqlite_url, redis.url) as city:
        server = LiveServer(city.app, heartbeat=600.0)
        cookie = city.sign_in(city.resident())[1]
        page = Page(server.port, cookie)
        page.event()
        redis.freeze()
        assert page.event()[0] == "deaf"
        assert Page(server.port, cookie).answer.status == 503
        redis.freeze(False)
        assert page.event() == ("hello", {"every": 15000})  # nothing was missed
        redis.stop()
        assert page.event()[0] == "deaf"
        redis.start()
        assert page.event() == ("hello", {"every": 15000, "in": 0})
        page.close()
        server.close()
    redis.stop()


def test_the_login_is_known_to_be_in_use(city: City, server: LiveServer):
    session_id, cookie = city.sign_in(city.resident())

    def seen_at() -> int:
        with city.parts.database.engine.connect() as connection:
            return int(
                connection.exec_driver_sql(
                    f"SELECT seen_at FROM login_session WHERE session_id = '{session_id}'"
                ).scalar_one()
            )

    with city.parts.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE login_session SET seen_at = seen_at - 120000")
    before = seen_at()
    page = Page(server.port, cookie)
    page.event()
    until(lambda: seen_at() > before)
    page.close()


def test_whoever_comes_while_logins_are_noted_as_in_use_is_asked_for_next(city: City, server: LiveServer):
    first, second = (city.sign_in(city.resident())[1] for _ in range(2))
    with city.parts.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE login_session SET seen_at = seen_at - 120000")
    gate = server.server.gate
    with city.parts.database.write():  # the note waits for this
        page = Page(server.port, first)
        until(lambda: gate._touched > 0)
        line = connect(server)
        line.sendall(stream(second))
        until(lambda: bool(gate._waiting))
    assert line.recv(12).endswith(b"200")
    line.close()
    page.close()


def test_a_database_that_cannot_answer_is_as_good_as_away(city: City, monkeypatch: pytest.MonkeyPatch):
    """Whatever is wrong with it: no page stays open on a login that nobody can look at."""
    monkeypatch.setattr(hub_module, "UNKNOWN_LONGEST", 0.0)
    server = LiveServer(city.app, heartbeat=0.3)
    cookies = [city.sign_in(city.resident())[1] for _ in range(2)]
    page = Page(server.port, cookies[0])
    page.event()
    with city.parts.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE login_session RENAME TO elsewhere")
    assert page.event("beat")[0] == "back"
    assert b" 503 " in ask(server, stream(cookies[1]))
    page.close()
    server.close()
