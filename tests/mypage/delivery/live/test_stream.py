"""The live stream, over a real connection."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator

import orjson
import pytest
from werkzeug.serving import BaseWSGIServer, make_server

from idp.signin.sessions import end_sessions
from mypage.delivery.live.feed import Feed, Pace
from mypage.delivery.live.slots import Slots
from tests.mypage.city import City
from tests.support.waiting import until


class Page:
    """A browser's EventSource, plain."""

    def __init__(self, port: int, cookie: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self._connection.request("GET", "/my/live", headers={"Cookie": f"machi_session={cookie}"})
        self.answer = self._connection.getresponse()

    def block(self) -> list[str]:
        """The lines of the next event or comment; empty at the end of the stream."""
        lines: list[str] = []
        while True:
            line = self.answer.readline().decode()
            if line in ("", "\n"):
                return lines
            lines.append(line.strip())

    def close(self) -> None:
        if self._connection.sock is not None:
            self._connection.sock.close()
        self.answer.close()
        self._connection.close()


class Live(City):
    """A city behind a real server, with its delivery loop running."""

    server: BaseWSGIServer

    def __enter__(self) -> Live:
        self.parts.worker.start()
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        super().__exit__(None, None, None)

    def open(self, cookie: str) -> Page:
        return Page(self.server.server_port, cookie)

    @property
    def slots(self) -> Slots:
        found = self.app.extensions["machi_live_slots"]
        assert isinstance(found, Slots)
        return found


@pytest.fixture
def live(sqlite_url: str) -> Iterator[Live]:
    with Live(sqlite_url, LIVE_HEARTBEAT=0.3, LIVE_STREAMS=3, LIVE_STREAMS_PER_RESIDENT=2) as city:
        yield city


def test_an_event_is_seen_by_the_open_page(live: Live):
    hanako = live.resident()
    page = live.open(live.sign_in(hanako)[1])
    assert page.answer.status == 200
    assert page.answer.headers["Content-Type"].startswith("text/event-stream")
    assert page.answer.headers["Cache-Control"] == "no-store"
    assert page.block() == ["retry: 3000", "event: hello", "data: {}"]
    live.send(live.case(hanako, "K-1", 1))
    while (block := page.block()) and not block[0].startswith("event: change"):
        assert block == [": still here"]
    fragments = orjson.loads(block[1].removeprefix("data: "))["fragments"]
    assert {"home", "cases"} <= set(fragments)
    page.close()


def test_another_residents_page_hears_nothing_but_heartbeats(live: Live):
    hanako, taro = live.resident(), live.resident()
    page = live.open(live.sign_in(taro)[1])
    page.block()
    live.send(live.case(hanako, "K-1", 1))
    assert [page.block() for _ in range(3)] == [[": still here"]] * 3
    page.close()


def test_without_a_login_there_is_no_stream(live: Live):
    page = live.open("x" * 43)
    assert page.answer.status in (303, 401)
    assert live.slots.used == 0


def test_the_stream_ends_with_the_login_at_once(live: Live):
    live.app.config["LIVE_HEARTBEAT"] = 60.0
    session_id, cookie = live.sign_in(live.resident())
    page = live.open(cookie)
    page.block()
    with live.app.test_request_context(), live.parts.database.write() as session:
        end_sessions(session, [session_id], by="resident")
    assert page.block() == ["event: ended", "data: {}"]
    assert page.block() == []
    until(lambda: live.slots.used == 0)


def test_the_stream_ends_with_the_login_even_if_nobody_tells(live: Live):
    """The word about the end got lost: the next heartbeat finds out."""
    session_id, cookie = live.sign_in(live.resident())
    page = live.open(cookie)
    page.block()
    with live.parts.database.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE login_session SET ended_at = 1 WHERE session_id = '{session_id}'")
    while (block := page.block()) == [": still here"]:
        pass
    assert block == ["event: ended", "data: {}"]


def test_a_false_word_about_an_end_ends_nothing(live: Live):
    session_id, cookie = live.sign_in(live.resident())
    page = live.open(cookie)
    page.block()
    live.parts.bus.publish(f"session:{session_id}", {"ended": session_id})
    assert page.block() == [": still here"]
    page.close()


def test_a_page_that_goes_away_gives_its_place_back(live: Live):
    page = live.open(live.sign_in(live.resident())[1])
    page.block()
    assert live.slots.used == 1
    page.close()
    until(lambda: live.slots.used == 0)


def test_no_more_streams_than_there_is_room_for(live: Live):
    hanako, others = live.resident(), [live.resident() for _ in range(2)]
    cookie = live.sign_in(hanako)[1]
    pages = [live.open(cookie) for _ in range(3)]
    assert [p.answer.status for p in pages] == [200, 200, 200]
    pages += [live.open(live.sign_in(other)[1]) for other in others]
    assert [p.answer.status for p in pages[3:]] == [200, 503]
    assert int(pages[4].answer.headers["Retry-After"]) >= 1
    # The resident's third page took the place of their first, which is told to ask again later.
    last = [block := pages[0].block()]
    while block:
        last.append(block := pages[0].block())
    assert last[-2] == ["retry: 30000"]
    for page in pages:
        page.close()
    until(lambda: live.slots.used == 0)


def test_a_full_house_makes_room_for_those_who_are_in_it(live: Live):
    cookies = [live.sign_in(live.resident())[1] for _ in range(3)]
    pages = [live.open(cookie) for cookie in cookies]
    pages.append(live.open(cookies[1]))
    assert [p.answer.status for p in pages] == [200] * 4
    for page in pages:
        page.close()
    until(lambda: live.slots.used == 0)


def test_a_new_page_is_looked_after_closely_at_first(small_city: City):
    """A page that is left soon gives its place back soon, whatever the heartbeat later on."""
    slots = Slots()
    stream = feed(small_city, slots)
    next(stream)
    assert next(stream) == b": still here\n\n"
    stream.close()


def test_the_stream_is_renewed_from_time_to_time(live: Live):
    live.app.config["LIVE_LONGEST"] = 0.5
    page = live.open(live.sign_in(live.resident())[1])
    while page.block():
        pass
    until(lambda: live.slots.used == 0)


def feed(city: City, slots: Slots) -> Feed:
    place = slots.take("r")
    assert place is not None
    return Feed(city.parts, place, "r", "s", lambda: True, Pace(heartbeat=60.0, longest=60.0))


def test_changes_close_together_are_told_once(small_city: City):
    slots = Slots()
    stream = feed(small_city, slots)
    next(stream)
    for fragments in (["home", "cases"], ["cases", "badges"], ["home"]):
        small_city.parts.bus.publish("resident:r", {"fragments": fragments})
    assert next(stream) == b'event: change\ndata: {"fragments":["home","cases","badges"]}\n\n'
    stream.close()


def test_a_change_between_connection_and_first_read_is_not_missed(small_city: City):
    stream = feed(small_city, Slots())
    small_city.parts.bus.publish("resident:r", {"fragments": ["home"]})
    assert next(stream).startswith(b"retry: 3000")
    assert b'"home"' in next(stream)
    stream.close()


def test_a_stream_nobody_ever_read_gives_its_place_back(small_city: City):
    slots = Slots()
    stream = feed(small_city, slots)
    stream.close()
    stream.close()
    assert slots.used == 0
    assert small_city.parts.bus._channels == {}
