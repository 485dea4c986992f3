"""One log line for each answer that says something is wrong; the quiet majority is counted by metrics, not logged."""

from __future__ import annotations

import logging

from flask import Response, current_app, request

from ..context import parts
from ..refusals import OF_NOBODY, Refusal, noted
from ..telemetry import request_reference
from .callers import Caller, caller_of

log = logging.getLogger("machi.http")


def log_request(response: Response) -> Response:
    """`after_request`: method, route and status of refused and failed requests, with the reason; no query, no body, no address."""
    found = noted()
    if not found and response.status_code < 400:
        return response
    if request.endpoint is None:
        return response
    reference = request_reference()
    if not found:
        log.info("%s %s -> %s", request.method, request.url_rule, response.status_code)
        return response
    asked_by = _client()
    of_app = asked_by is not None or caller_of(current_app, request.endpoint) in (Caller.CLIENT, Caller.BEARER)
    for refusal, times in found.items():
        _say(refusal, times, response.status_code, asked_by)
        if (of_app or refusal.error in OF_NOBODY) and response.status_code < 500:
            parts().refusals.add(asked_by, str(request.url_rule), refusal, times, reference)
    return response


def _say(refusal: Refusal, times: int, status: int, client_id: str | None) -> None:
    facts = {"client": client_id, "endpoint": str(request.url_rule), "error": refusal.error, "reason": refusal.reason}
    line = "%s %s -> %s: %s" if times == 1 else f"%s %s -> %s: %s ({times} times)"
    log.info(line, request.method, request.url_rule, status, refusal.error, extra={"refusal": facts})


def _client() -> str | None:
    """Never raises: the answer is made, and must not fail with who asked for it."""
    try:
        found: str | None = current_app.extensions["machi_who_asks"]()
    except Exception as error:
        log.warning("who asked is not known: %s", type(error).__name__)
        return None
    return found
