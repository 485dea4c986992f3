"""What apps read when they are to ask again later: an OAuth error, which their libraries understand. 503 while the database is away,
429 over a limit.

RFC 6749 §5.2 has no code for either; `temporarily_unavailable` is the one of §4.1.2.1, also used by others at the token endpoint.
"""

from __future__ import annotations

from collections.abc import Iterable

from flask import Flask, Response, request

from ...foundation.limits import LimitExceededError
from ...foundation.unavailable import UnavailableError
from ...foundation.web.callers import Caller, caller_of
from ...foundation.web.errors import too_many, unavailable, with_retry_after
from .provider import provider
from .refusal_answers import told

_JSON = {"Content-Type": "application/json"}
OUTAGE_ERROR = "temporarily_unavailable"
ASK_LATER = "The request cannot be answered just now. Nothing was done; ask again."
TOO_MANY = "Too many requests of this kind."
UNKNOWN = "The connection to the database was lost: it is not known whether the request took effect."


def speak_oauth(app: Flask, blueprints: Iterable[str]) -> None:
    """Have those endpoints of `blueprints` that programs call answer in OAuth's form; pages for people stay pages."""
    of_oauth = frozenset(blueprints)

    def for_program() -> bool:
        return request.blueprint in of_oauth and caller_of(app, request.endpoint) in (Caller.CLIENT, Caller.BEARER)

    @app.errorhandler(LimitExceededError)
    def on_limit(error: LimitExceededError) -> Response:
        if not for_program():
            return too_many(error)
        body = {"error": OUTAGE_ERROR, "error_description": f"{TOO_MANY} Ask again in {error.retry_after} s."}
        response = provider().server.handle_response(429, told(body), _JSON)
        response.headers["Retry-After"] = str(error.retry_after)
        return response

    @app.errorhandler(UnavailableError)
    def on_unavailable(error: UnavailableError) -> Response:
        usual = unavailable(error)
        if not for_program():
            return usual
        body = {"error": OUTAGE_ERROR, "error_description": ASK_LATER if error.nothing_done else UNKNOWN}
        return with_retry_after(provider().server.handle_response(503, told(body), _JSON), error)
