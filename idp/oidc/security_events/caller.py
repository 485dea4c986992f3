"""Who calls the endpoints of a stream: an app with a token of its own, and about its own stream only."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import orjson
from flask import Response, request
from sqlalchemy.orm import Session

from ...foundation.ids import is_id
from ...foundation.limits import LimitExceededError
from ...foundation.web.errors import ProblemError, problem_response
from ..server import NO_STORE, provider
from ..token_endpoint import ApiClient, bearer_client
from .model import EventStream

MANAGE, READ = "ssf.manage", "ssf.read"
MAX_BODY = 65536
_LIMIT = "120/minute"

P = ParamSpec("P")


def for_machines(view: Callable[P, Response]) -> Callable[P, Response]:
    """Refusals of a view as problem documents in English, as its callers are programs."""

    @wraps(view)
    def answered(*args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            return view(*args, **kwargs)
        except ProblemError as error:
            response = problem_response(error.status, error.code, error.detail)
            if challenge := error.members.get("www_authenticate"):
                response.headers["WWW-Authenticate"] = challenge
            return response
        except LimitExceededError as error:
            response = problem_response(429, "too_many_requests", "Too many requests.")
            response.headers["Retry-After"] = str(error.retry_after)
            return response

    return answered


def managing_client() -> ApiClient:
    """The app, if its token may change streams. Raises a 401 or 403 problem, or `LimitExceededError`."""
    client = bearer_client(MANAGE)
    provider().parts.limits.hit(_LIMIT, "event-stream", client.client_id)
    return client


def reading_client() -> ApiClient:
    """The app, if its token may look at streams and fetch events. Raises a 401 or 403 problem."""
    client = bearer_client()
    return client if client.scopes & {MANAGE, READ} else bearer_client(READ)


def own_stream(session: Session, client_id: str, stream_id: object) -> EventStream:
    """The app's stream of this id. Raises 400 without an id, and 404 alike for one that is unknown or another app's."""
    if not isinstance(stream_id, str) or not stream_id:
        raise ProblemError(400, "invalid_request", "stream_id is missing.")
    found = session.get(EventStream, stream_id) if is_id(stream_id) else None
    if found is None or found.client_id != client_id:
        raise ProblemError(404, "unknown_stream", "This client has no such stream.")
    return found


def document() -> dict[str, Any]:
    """The JSON object of this request. Raises a 400 problem."""
    data = request.get_data(cache=False)
    if len(data) > MAX_BODY:
        raise ProblemError(400, "invalid_request", "The request is too large.")
    try:
        given = orjson.loads(data)
    except orjson.JSONDecodeError:
        given = None
    if not isinstance(given, dict):
        raise ProblemError(400, "invalid_request", "The request is not a JSON object.")
    return given


def json_answer(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, content_type="application/json", headers=NO_STORE)
