"""POST /api/v1/events: one CloudEvent, or a batch (CloudEvents 1.0, HTTP binding §3.2 and §3.3, JSON format)."""

from __future__ import annotations

import logging
from typing import Any, cast

import orjson
from flask import Blueprint, Response, current_app, request
from sqlalchemy.exc import IntegrityError

from idp.front.resource_server import ApiClient, Problem, challenge, check_standing, described, presented_client
from idp.front.storage import LimitExceededError, UnavailableError, parts
from idp.front.web import Caller, called_by, problem_response, refused_part

from ..families import EventRefusedError
from ..posted import topics
from .accept import Accepted, Intake, Result
from .answer import BATCH, MAX_BATCH, SINGLE, EventResult, Results, send_operation
from .check import MAX_EVENT_BYTES, Checked, check_event

MAX_BATCH_BYTES = 16 * 1024 * 1024
RATE = "6000/minute"
"""Requests of one client; `INTAKE_RATE` in the application's config overrides it."""

log = logging.getLogger("machi.intake")
bp = Blueprint("intake", __name__)


@bp.post("/api/v1/events")
@called_by(Caller.BEARER)
@described(send_operation)
def receive() -> Response:
    """202 with a line for each event; a single event that is refused gets its own problem (RFC 9457)."""
    client = presented_client()
    try:
        _count(client)
        raws = _events()
        results = _take(raws, client)
    except LimitExceededError as limit:
        answer = problem_response(429, "too_many_requests", "This client sends too many requests.")
        answer.headers["Retry-After"] = str(limit.retry_after)
        return answer
    except EventRefusedError as refused:
        check_standing(client)
        return _problem(refused)
    except UnavailableError:
        # A receipt holds each event's id, so sending again is safe even when it is not known whether they were stored.
        log.warning("events could not be stored: the database is away")
        answer = problem_response(503, "unavailable", "Events cannot be stored at the moment. Send them again.")
        answer.headers["Retry-After"] = "5"
        return answer
    if request.mimetype == SINGLE and isinstance(results[0], EventRefusedError):
        return _problem(results[0])
    body: Results = {"results": [_line(raw, result) for raw, result in zip(raws, results, strict=True)]}
    return Response(orjson.dumps(body), 202, content_type="application/json")


def _count(client: ApiClient) -> None:
    parts().limits.hit_often(current_app.config.get("INTAKE_RATE", RATE), "intake", client.client_id)


def _events() -> list[Any]:
    """The events of this request, not looked into yet."""
    if request.mimetype not in (SINGLE, BATCH):
        raise EventRefusedError(
            415, "unsupported_media_type", "This content type is not accepted.", accepted=[SINGLE, BATCH]
        )
    batch = request.mimetype == BATCH
    limit = MAX_BATCH_BYTES if batch else MAX_EVENT_BYTES
    request.max_content_length = limit + 1  # where a body in chunks, without its length, is cut off
    if (request.content_length or 0) > limit or len(body := request.get_data(cache=False)) > limit:
        raise EventRefusedError(413, "too_large", "The request is too large.", max_bytes=limit)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise EventRefusedError(400, "malformed_json", "The body is not JSON in UTF-8.") from None
    if not batch:
        return [value]
    if not isinstance(value, list):
        raise EventRefusedError(400, "malformed_batch", "A batch is a JSON array of events.")
    if len(value) > MAX_BATCH:
        raise EventRefusedError(413, "batch_too_large", "A batch has at most 500 events.", max_events=MAX_BATCH)
    return value


def _take(raws: list[Any], client: ApiClient) -> list[Result]:
    """Check all events first, then store what is left in one transaction, which also asks whether the token still counts."""
    checked = [_check(raw, client) for raw in raws]
    fit = [c for c in checked if isinstance(c, Checked)]
    if not fit:
        check_standing(client)
    stored = iter(_store(fit, client) if fit else ())
    return [next(stored) if isinstance(c, Checked) else c for c in checked]


def _check(raw: Any, client: ApiClient) -> Checked | EventRefusedError:
    try:
        return check_event(raw, client)
    except EventRefusedError as refused:
        return refused


def _store(events: list[Checked], client: ApiClient) -> list[Result]:
    """Two writers that met (the same event twice at once) are sorted out by doing it again: the second sees the first."""
    for last in (False, False, True):
        try:
            with parts().database.write() as session:
                results = Intake(session, client, parts().settings.issuer).accept(events)
            break
        except IntegrityError:
            if last:
                raise
    parts().worker.wake(*topics())
    return results


def _line(raw: Any, result: Result) -> EventResult:
    named = raw if isinstance(raw, dict) else {}
    event_id, source = (
        str(named[name])[:255] if isinstance(named.get(name), str) else None for name in ("id", "source")
    )
    if isinstance(result, Accepted):
        line: EventResult = {"id": event_id, "source": source, "status": result.status}
        return {**line, "gap": True} if result.gap else line
    reference = refused_part(result.code, result.detail)
    problem = {"type": f"urn:machi:problem:{result.code}", "title": result.code, "status": result.status}
    problem |= {"detail": result.detail, "reference": reference, **result.members}
    return {"id": event_id, "source": source, "status": "rejected", "problem": cast(Problem, problem)}


def _problem(refused: EventRefusedError) -> Response:
    answer = problem_response(refused.status, refused.code, refused.detail, **refused.members)
    if refused.code == "insufficient_scope":  # RFC 6750 §3.1
        answer.headers["WWW-Authenticate"] = challenge(
            "Bearer", error="insufficient_scope", scope=str(refused.members["scope"])
        )
    return answer
