"""The simulator as a Flask application. It keeps no session and sets no cookie: each page carries the request along."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, render_template, request
from werkzeug.exceptions import HTTPException

from .deck import Deck
from .pages import pages
from .pins import Counters
from .texts import language_of, text
from .wire import BadRequestError

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)


def create_app(config: Mapping[str, Any]) -> Flask:
    """Build the reader. `config`: STATE_DIR (path of the deck), or DECK (an open one)."""
    app = Flask(__name__)
    app.config.update(MAX_CONTENT_LENGTH=16 * 1024, MAX_FORM_MEMORY_SIZE=16 * 1024, MAX_FORM_PARTS=20)
    app.config.update(config)
    app.extensions["deck"] = config.get("DECK") or Deck.open(Path(config["STATE_DIR"]))
    app.extensions["pins"] = Counters()
    app.register_blueprint(pages)
    app.context_processor(_words)
    app.after_request(_headers)
    app.register_error_handler(BadRequestError, _bad_request)
    app.register_error_handler(HTTPException, _http_error)
    return app


def _words() -> dict[str, Any]:
    try:
        language = language_of(request.values.get("lang"))
    except HTTPException:  # the body could not be read, which is what the page is about to say
        language = language_of(request.args.get("lang"))

    def t(key: str, **values: object) -> str:
        return text(key, language, **values)

    return {"t": t, "lang": language}


def _headers(response: Response) -> Response:
    """Own files only. The answer form leads to the service, which goes on to the app by a page of its own."""
    onward = f" {g.form_action}" if "form_action" in g else ""
    response.headers["Content-Security-Policy"] = CSP + onward
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _bad_request(error: BadRequestError) -> tuple[str, int]:
    return render_template("error.html", heading="bad_request", detail="bad_request_text", field=error.field), 400


def _http_error(error: HTTPException) -> tuple[str, int]:
    status = error.code or 500
    heading = "not_found" if status == 404 else "bad_request"
    return render_template("error.html", heading=heading, detail=None, field=None), status
