"""An app below a path of its host (`https://www.city.example/childcare`): the path becomes SCRIPT_NAME (PEP 3333)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


def install(app: Flask, path: str) -> None:
    """Have `url_for` put `path` before every address, whether the proxy in front passes the path on or takes it away."""
    if not path:
        return
    inner = app.wsgi_app

    def at_path(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        asked = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        below = asked == path or asked.startswith(path + "/")
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = path, asked[len(path) :] if below else asked
        return inner(environ, start_response)

    app.wsgi_app = at_path  # type: ignore[method-assign]
