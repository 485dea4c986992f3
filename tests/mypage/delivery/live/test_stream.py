"""The live stream over real connections, from a thread of the web server and from the live server: the same for a page."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from werkzeug.serving import BaseWSGIServer, make_server

from idp.logins.sessions import end_sessions
from mypage.delivery.live.hub import Hub
from tests.mypage.city import City
from tests.mypage.delivery.live.pages import LiveServer, Page
from tests.support.waiting import until

HEARTBEAT, STREAMS, PER_RESIDENT = 0.3, 3, 2


class Live(City):
    """A city with its delivery loop running, whose pages open at `port`."""

    port = 0

    def __enter__(self) -> Live:
        self.parts.worker.start()
        return self

    def open(self, cookie: str, after: str = "") -> Page:
        return Page(self.port, cookie, after)

    @property
    def hub(self) -> Hub:
        raise NotImplementedError

    def end(self, session_id: str) -> None:
        with self.app.test_request_context(), self.parts.database.write() as session:
            end_sessions(session, [session_id], by="resident")


class InThreads(Live):
    server: BaseWSGIServer

    def __enter__(self) -> Live:
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.port = self.server.server_port
        return super().__enter__()

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        super().__exit__(None, None, None)

    @property
    def hub(self) -> Hub:
        found: Hub = self.app.extensions["machi_live"]().hub
        return found


class OnItsOwn(Live):
    server: LiveServer

    def __enter__(self) -> Live:
        config = self.app.config
        limits = {
            "heartbeat": config["LIVE_HEARTBEAT"],
            "per_resident": PER_RESIDENT,
            "longest": config["LIVE_LONGEST"],
        }
        self.server = LiveServer(self.app, STREAMS, **limits)
        self.port = self.server.port
        return super().__enter__()

    def __exit__(self, *_: object) -> None:
        self.server.close()
        super().__exit__(None, None, None)

    @property
    def hub(self) -> Hub:
        return self.server.hub


@pytest.fixture(params=[InThreads, OnItsOwn], ids=["threads", "server"])
def kind(request: pytest.FixtureRequest) -> type[Live]:
    found: type[Live] = request.param
    return found


@pytest.fixture
def live(sqlite_url: str, kind: type[Live]) -> Iterator[Live]:
    limits = {"LIVE_HEARTBEAT": HEARTBEAT, "LIVE_STREAMS": STREAMS, "LIVE_STREAMS_PER_RESIDENT": PER_RESIDENT}
    with kind(sqlite_url, **limits) as city:
        yield city


@pytest.fixture
def quiet(sqlite_url: str, kind: type[Live]) -> Iterator[Live]:
    """No heartbeat will do what is to be done at once."""
    with kind(sqlite_url, LIVE_HEARTBEAT=600.0) as city:
        yield city


def test_an_event_is_seen_by_the_open_page(live: Live):
    hanako = live.resident()
    page = live.open(live.sign_in(hanako)[1])
    assert page.answer.status == 200
    assert page.answer.headers["Content-Type"].startswith("text/event-stream")
    assert page.answer.headers["Cache-Control"] == "no-store"
    assert page.answer.headers["X-Content-Type-Options"] == "nosniff"
    assert page.event() == ("hello", {"every": 15000, "in": 0})  # nobody knows what this page knows
    live.send(live.case(hanako, "K-1", 1))
    name, data = page.event("beat")
    assert name == "change"
    assert {"home", "cases"} <= set(data["fragments"])
    page.close()


def test_another_residents_page_hears_nothing_but_heartbeats(live: Live):
    hanako, taro = live.resident(), live.resident()
    page = live.open(live.sign_in(taro)[1])
    page.event()
    live.send(live.case(hanako, "K-1", 1))
    assert [page.event()[0] for _ in range(3)] == ["beat"] * 3
    page.close()


@pytest.mark.parametrize("cookie", ["x" * 43, "", "\x7f;=\t"])
def test_without_a_login_there_is_no_stream(live: Live, cookie: str):
    page = live.open(cookie)
    assert page.answer.status in (303, 401)
    assert live.hub.used == 0


def test_the_stream_ends_with_the_login_at_once(quiet: Live):
    session_id, cookie = quiet.sign_in(quiet.resident())
    page = quiet.open(cookie)
    page.event()
    quiet.end(session_id)
    assert page.event() == ("ended", {})
    assert page.event() == ("", {})
    until(lambda: quiet.hub.used == 0)


def test_the_stream_ends_with_the_login_even_if_nobody_tells(live: Live):
    """The word about the end got lost: the next heartbeat finds out."""
    session_id, cookie = live.sign_in(live.resident())
    page = live.open(cookie)
    page.event()
    with live.parts.database.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE login_session SET ended_at = 1 WHERE session_id = '{session_id}'")
    assert page.event("beat") == ("ended", {})


def test_a_false_word_about_an_end_ends_nothing(live: Live):
    session_id, cookie = live.sign_in(live.resident())
    page = live.open(cookie)
    page.event()
    live.parts.journal.append({"ended": [session_id]})
    assert [page.event()[0] for _ in range(3)] == ["beat"] * 3
    page.close()


def test_a_page_that_goes_away_gives_its_place_back(live: Live):
    page = live.open(live.sign_in(live.resident())[1])
    page.event()
    assert live.hub.used == 1
    page.close()
    until(lambda: live.hub.used == 0)


def test_no_more_streams_than_there_is_room_for(live: Live):
    hanako, others = live.resident(), [live.resident() for _ in range(2)]
    cookie = live.sign_in(hanako)[1]
    pages = [live.open(cookie) for _ in range(3)]
    assert [p.answer.status for p in pages] == [200, 200, 200]
    pages += [live.open(live.sign_in(other)[1]) for other in others]
    assert [p.answer.status for p in pages[3:]] == [200, 503]
    assert int(pages[4].answer.headers["Retry-After"]) >= 1
    # The resident's third page took the place of their first, which is told to come back later.
    assert pages[0].event("hello", "beat") == ("back", {"in": 30000})
    assert pages[0].event() == ("", {})
    for page in pages:
        page.close()
    until(lambda: live.hub.used == 0)


def test_a_full_house_makes_room_for_those_who_are_in_it(live: Live):
    cookies = [live.sign_in(live.resident())[1] for _ in range(3)]
    pages = [live.open(cookie) for cookie in cookies]
    pages.append(live.open(cookies[1]))
    assert [p.answer.status for p in pages] == [200] * 4
    for page in pages:
        page.close()
    until(lambda: live.hub.used == 0)


def test_the_stream_is_renewed_from_time_to_time(sqlite_url: str, kind: type[Live]):
    with kind(sqlite_url, LIVE_HEARTBEAT=HEARTBEAT, LIVE_LONGEST=0.5) as live:
        page = live.open(live.sign_in(live.resident())[1])
        assert page.event("hello", "beat")[0] == "back"
        assert page.event() == ("", {})
        until(lambda: live.hub.used == 0)


def test_a_page_that_comes_back_is_told_what_it_missed_and_no_more(quiet: Live):
    hanako, taro = quiet.resident(), quiet.resident()
    cookie = quiet.sign_in(hanako)[1]
    page = quiet.open(cookie)
    page.event()
    quiet.send(quiet.notice(hanako, "N-1"))
    assert page.event()[0] == "change"
    page.close()
    quiet.send(quiet.notice(taro, "N-2"))
    before = page.mark
    until(lambda: quiet.parts.journal.mark() != before)
    again = quiet.open(cookie, after=page.mark)
    assert again.event() == ("hello", {"every": 15000})  # nothing to look at
    again.close()
    newest = again.mark
    quiet.send(quiet.case(hanako, "K-1", 1))
    until(lambda: quiet.parts.journal.mark() != newest)
    for late in (quiet.open(cookie, after=newest), Page(quiet.port, cookie, Last_Event_ID=newest)):
        assert late.event() == ("hello", {"every": 15000})
        assert late.mark in (newest, "")  # were the connection to break here, it has not heard yet
        name, data = late.event()
        assert (name, late.mark) == ("change", quiet.parts.journal.mark())
        assert "cases" in data["fragments"]
        late.close()


@pytest.mark.parametrize("after", ["0.0-0", "nonsense", "deadbeef.99999999999999999999-1", "x" * 5000])
def test_whoever_names_a_place_that_is_none_looks_at_everything(quiet: Live, after: str):
    page = quiet.open(quiet.sign_in(quiet.resident())[1], after=after)
    assert page.event() == ("hello", {"every": 15000, "in": 0})
    page.close()


def test_changes_close_together_are_told_once(quiet: Live):
    hanako = quiet.resident()
    page = quiet.open(quiet.sign_in(hanako)[1])
    page.event()
    for fragments in (["home", "cases"], ["cases", "badges"], ["home"]):
        quiet.parts.journal.append({"told": [[[hanako], fragments]]})
    assert page.event() == ("change", {"fragments": ["home", "cases", "badges"]})
    page.close()


def test_a_thread_looks_after_a_new_page_closely_at_first(sqlite_url: str):
    """A page that is left soon gives its thread back soon, whatever the heartbeat later on."""
    with InThreads(sqlite_url, LIVE_HEARTBEAT=600.0) as live:
        page = live.open(live.sign_in(live.resident())[1])
        page.event()
        assert page.block() == [": still here"]  # the page gives up before a later one would come
        page.close()
