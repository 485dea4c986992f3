"""HEAD is GET without a body (RFC 9110 §9.3.2), of every route that answers GET."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from tests.support.browser import Browser
from tests.support.town import Town

# Differ from one answer to the next, whatever the method.
OWN = {
    "set-cookie",
    "x-fapi-interaction-id",
    "content-security-policy",
    "location",
    "date",
    "etag",
    "content-length",
    "last-modified",
}
NOWHERE = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.fixture(scope="module")
def signed_in(shared_town: Town) -> Browser:
    return shared_town.signed_in()


def ask(town: Town, browser: Browser, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
    """The answer itself, past the test client: that one would read a stream to its end."""
    cookies = "; ".join(f"{c.key}={c.value}" for c in browser.client._cookies.values())
    environ = EnvironBuilder(path, method=method, base_url=town.issuer, headers={"Cookie": cookies}).get_environ()
    body, status, headers = run_wsgi_app(town.app, environ)
    read = first(body)
    return int(status.split()[0]), {name.lower(): value for name, value in headers}, read


def first(body: Iterable[bytes]) -> bytes:
    chunk = next(iter(body), b"")
    if close := getattr(body, "close", None):
        close()
    return chunk


def test_every_route(shared_town: Town, signed_in: Browser) -> None:
    compared = 0
    for rule in shared_town.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint == "static_files.static_file":
            continue
        values: dict[str, Any] = dict.fromkeys(rule.arguments, NOWHERE)
        with shared_town.app.test_request_context(base_url=shared_town.issuer):
            path = shared_town.app.url_map.bind("localhost").build(rule.endpoint, values)
        got, head = (ask(shared_town, signed_in, method, path) for method in ("GET", "HEAD"))
        assert head[2] == b"", path
        assert head[0] == got[0], path
        assert set(head[1]) == set(got[1]), path
        assert {k: v for k, v in head[1].items() if k not in OWN} == {
            k: v for k, v in got[1].items() if k not in OWN
        }, path
        compared += 1
    assert compared > 50


def test_a_stream_is_let_go(shared_town: Town, signed_in: Browser) -> None:
    """More times than there are places for one resident."""
    for _ in range(20):
        status, headers, body = ask(shared_town, signed_in, "HEAD", "/my/live")
        assert (status, headers["content-type"].split(";")[0], body) == (200, "text/event-stream", b"")


def test_views_that_tell_methods_apart_take_it_for_get(shared_town: Town, signed_in: Browser) -> None:
    """They read the body in place of the query, or replaced a registration by nothing."""
    app = shared_town.register()
    for path in (f"/authorize?{urlencode(app.request(prompt='none'))}", f"/logout?client_id={app.client_id}"):
        got, head = (ask(shared_town, signed_in, method, path) for method in ("GET", "HEAD"))
        assert head[0] == got[0], path
        assert head[1].get("location", "").split("?")[0] == got[1].get("location", "").split("?")[0]
        assert head[1].get("content-type") == got[1].get("content-type")
