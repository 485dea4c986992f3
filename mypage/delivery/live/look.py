"""Where open pages end up, seen from outside: for `machi doctor`."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

from flask import Flask

from idp.front.storage import parts
from idp.front.web import DOCTOR, doctors_word

from .server import DOCTOR_SECONDS
from .stream import PER_PROCESS, stream_path

Line = tuple[str, str, str]


def install_look(app: Flask) -> None:
    """Have the doctor look at the live stream through the proxy."""
    parts(app).looks.append(lambda url: look_at_stream(app, url))


def look_at_stream(app: Flask, url: str) -> Iterator[Line]:
    """Name, state and sentence. `url` is the public base URL."""
    place, instance = urlsplit(url), parts(app)
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    connection = kind(place.hostname or "", place.port, timeout=DOCTOR_SECONDS - 1)
    headers = {DOCTOR: doctors_word(instance.vault), "Accept": "text/event-stream"}
    try:
        connection.request("GET", f"{place.path}{stream_path(app)}", headers=headers)
        answer = connection.getresponse()
        if answer.headers.get("X-Machi-Live") == "server":
            answer.readline()
            yield "live stream", "ok", "open pages hang on a live server, and what it says comes at once"
        elif answer.status >= 500:
            yield (
                "live stream",
                "FAIL",
                f"the proxy answers {answer.status}: is `machi live` running where it sends open pages?",
            )
        else:
            few = not instance.settings.live_url.startswith("memory")
            yield (
                "live stream",
                "warn" if few else "ok",
                f"the web servers hold open pages, {PER_PROCESS} each" + ("; `machi live` holds more" * few),
            )
    except TimeoutError:
        yield (
            "live stream",
            "FAIL",
            "nothing comes before the stream's end: switch off the proxy's response buffering for it",
        )
    except (OSError, http.client.HTTPException) as error:
        yield "live stream", "FAIL", f"could not be looked at ({type(error).__name__})"
    finally:
        connection.close()
