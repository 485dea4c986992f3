"""The bytes of a live stream (WHATWG HTML, server-sent events): what changed, never what it changed to.

Every event but the last carries as its id the place in the journal up to which this page has been told. `live.js` reads them.
"""

from __future__ import annotations

from typing import Any

import orjson

RETRY_MS = 3000
STILL_HERE = b": still here\n\n"
ENDED = b"event: ended\ndata: {}\n\n"


def _event(name: str, mark: str, data: dict[str, Any]) -> bytes:
    place = b"id: %b\n" % mark.encode() if mark else b""
    return place + b"event: %b\ndata: %b\n\n" % (name.encode(), orjson.dumps(data))


def hello(mark: str, every: int, everything: int | None) -> bytes:
    """From here on nothing is missed. `everything`: in so many ms, look at all there is, as nobody knows what was missed before;
    None: what was missed follows, if anything; only that has a
    mark then, for the connection may break in between. `every`: ms between looks of a page that cannot hear."""
    data = {"every": every} if everything is None else {"every": every, "in": everything}
    return b"retry: %d\n" % RETRY_MS + _event("hello", mark, data)


def change(mark: str, fragments: list[str], wait: int, words: dict[str, Any] | None) -> bytes:
    """These fragments are to be fetched in `wait` ms; `words` says until then what it is about."""
    data: dict[str, Any] = {"fragments": fragments}
    if wait:
        data["in"] = wait
    if words is not None:
        data["words"] = words
    return _event("change", mark, data)


def beat(mark: str, every: int) -> bytes:
    """Nothing was missed until now."""
    return _event("beat", mark, {"every": every})


def deaf(every: int) -> bytes:
    """The stream stays, but nothing can be heard: the page looks by itself every so many ms until `hello`."""
    return b"event: deaf\ndata: %b\n\n" % orjson.dumps({"every": every})


def back(wait: int) -> bytes:
    """The stream ends here; come back in `wait` ms."""
    return b"retry: %d\nevent: back\ndata: %b\n\n" % (wait, orjson.dumps({"in": wait}))
