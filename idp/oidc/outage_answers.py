"""What apps read while the database is away: an OAuth error, which their libraries understand, with status 503.

RFC 6749 §5.2 has no code for it; `temporarily_unavailable` is the one of §4.1.2.1, also used by others at the token endpoint.
"""

from __future__ import annotations

from collections.abc import Iterable

from flask import Flask, Response

from ..foundation.here import here
from ..foundation.unavailable import UnavailableError
from ..foundation.web.callers import Caller, caller_of
from ..foundation.web.errors import unavailable, with_retry_after
from .cors import allow_origin
from .provider import provider

_JSON = {"Content-Type": "application/json"}
ERROR = "temporarily_unavailable"
LATER = "The request cannot be answered just now. Nothing was done; ask again."
UNKNOWN = "The connection to the database was lost: it is not known whether the request took effect."


def speak_oauth(app: Flask, blueprints: Iterable[str]) -> None:
    """Have those endpoints of `blueprints` that programs call answer in OAuth's form; pages for people stay pages."""
    of_oauth = frozenset(blueprints)

    @app.errorhandler(UnavailableError)
    def on_unavailable(error: UnavailableError) -> Response:
        usual = unavailable(error)
        if here().blueprint not in of_oauth or caller_of(app, here().endpoint) not in (Caller.CLIENT, Caller.BEARER):
            return usual
        body = {"error": ERROR, "error_description": LATER if error.nothing_done else UNKNOWN}
        return allow_origin(with_retry_after(provider().server.handle_response(503, body, _JSON), error))
