"""Error pages with a reference number, and RFC 9457 problems for machines. Never a trace."""

from __future__ import annotations

import logging
from typing import Any

import orjson
from flask import Flask, Response, current_app, make_response, render_template, request
from flask_babel import gettext, lazy_gettext
from werkzeug.exceptions import HTTPException

from ..limits import LimitExceededError
from ..outage import RETRY_AFTER, is_unavailable
from ..refusals import refused
from ..telemetry import request_reference
from ..unavailable import UnavailableError
from .callers import Caller, caller_of

log = logging.getLogger("machi.web")


class ProblemError(Exception):
    """Something the caller can be told: HTTP status, a short code, and a sentence (an English msgid).

    Members go into the problem document, but `www_authenticate` and `retry_after` become headers. `developer`, the rule that was
    broken, stands on the page too: whoever builds an app sees pages only.
    """

    def __init__(self, status: int, code: str, detail: str, **members: Any) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.members = members


_TITLES = {
    400: lazy_gettext("This request cannot be processed"),
    401: lazy_gettext("Please sign in"),
    403: lazy_gettext("You do not have access to this page"),
    404: lazy_gettext("This page does not exist"),
    405: lazy_gettext("This request cannot be processed"),
    409: lazy_gettext("This has changed in the meantime"),
    410: lazy_gettext("This page has expired"),
    413: lazy_gettext("This is too large"),
    429: lazy_gettext("Too many attempts"),
    500: lazy_gettext("Something went wrong on our side"),
    503: lazy_gettext("The service is not available at the moment"),
}
# Where the status alone would say something else.
_TITLES_OF_CODES = {"cookies_blocked": lazy_gettext("Your browser sent no cookie")}


def wants_json() -> bool:
    """Whether the caller is a program: an API path, a script's fetch, or no wish for HTML."""
    caller = caller_of(current_app, request.endpoint)
    if caller in (Caller.CLIENT, Caller.BEARER):
        return True
    stream = request.headers.get("Accept", "").startswith("text/event-stream")
    if stream or request.path.startswith("/api/") or request.headers.get("X-Fragment"):
        return True
    return request.accept_mimetypes.best_match(["text/html", "application/json"], "text/html") == "application/json"


def problem_response(status: int, code: str, detail: str, **members: Any) -> Response:
    """An `application/problem+json` answer (RFC 9457), with the reference that finds its line in the log."""
    body = {"type": f"urn:machi:problem:{code}", "title": code, "status": status, "detail": detail, **members}
    body["reference"] = refused(code, members.get("developer") or detail)
    return Response(orjson.dumps(body), status, content_type="application/problem+json")


def error_page(status: int, detail: str, code: str = "error", developer: str | None = None) -> Response:
    """The page a person sees: what happened, what to do, and the reference number that finds the log line."""
    title = _TITLES_OF_CODES.get(code) or _TITLES.get(status, _TITLES[400 if status < 500 else 500])
    html = render_template(
        "error.html",
        status=status,
        title=title,
        detail=detail,
        code=code,
        developer=gettext(developer) if developer else None,
        request_reference=request_reference(),
    )
    response = make_response(html, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def answer(status: int, code: str, detail: str, reason: str | None = None, **members: Any) -> Response:
    """Page or problem, whichever the caller understands. `reason`: in English, for the log, where `detail` is not."""
    if wants_json():
        # Departments' programs read English; a script of our own pages shows the sentence to a person.
        sentence = detail if request.path.startswith("/api/") else gettext(detail)
        response = problem_response(status, code, sentence, **members)
    else:
        response = error_page(status, gettext(detail), code, members.get("developer"))
    refused(code, members.get("developer") or reason or detail)
    return response


# The two things that can be said of a request that met a database that is away.
_NOTHING_DONE = lazy_gettext("Nothing was changed. Please try again in a moment.")
_UNKNOWN = lazy_gettext("We cannot tell whether your last step was saved. Please look before you do it again.")


def unavailable(error: UnavailableError) -> Response:
    """503; with Retry-After where nothing was done, so that asking again by itself is safe (RFC 9110 §15.6.4)."""
    request_reference()
    log.warning("the database is away at %s: %s", request.endpoint, type(error.__cause__).__name__)
    detail = _NOTHING_DONE if error.nothing_done else _UNKNOWN
    code = "unavailable" if error.nothing_done else "outcome_unknown"
    response = answer(503, code, str(detail), "The database is away.")
    return with_retry_after(response, error)


def with_retry_after(response: Response, error: UnavailableError) -> Response:
    """Say when to ask again, if that is safe."""
    if error.nothing_done:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def too_many(error: LimitExceededError) -> Response:
    """429 with Retry-After (RFC 6585 §4)."""
    detail = gettext("Please wait a little and try again. Your other ways to sign in stay open.")
    response = answer(429, "too_many_requests", detail, "Too many requests of this kind.")
    response.headers["Retry-After"] = str(error.retry_after)
    return response


def register_error_handlers(app: Flask) -> None:
    """Turn every way of failing into a clear answer."""

    @app.errorhandler(ProblemError)
    def on_problem(error: ProblemError) -> Response:
        members = dict(error.members)
        challenge, retry = members.pop("www_authenticate", None), members.pop("retry_after", None)
        response = answer(error.status, error.code, error.detail, **members)
        if challenge is not None:
            response.headers["WWW-Authenticate"] = challenge
        if retry is not None:
            response.headers["Retry-After"] = str(retry)
        return response

    app.register_error_handler(LimitExceededError, too_many)
    app.register_error_handler(UnavailableError, unavailable)

    @app.errorhandler(HTTPException)
    def on_http(error: HTTPException) -> Response:
        status = error.code or 500
        detail = {
            404: gettext("The address may be mistyped, or the page has moved."),
            405: gettext("This address does not accept that kind of request."),
            413: gettext("Please send something smaller."),
        }.get(status, gettext("Please go back and try again."))
        response = answer(status, error.name.lower().replace(" ", "_"), detail, error.name)
        for name, value in error.get_headers():
            if name == "Allow":
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def on_crash(error: Exception) -> Response:
        if is_unavailable(error):  # met outside of `Database.read` and `write`
            return unavailable(UnavailableError())
        request_reference()
        log.exception("unhandled %s at %s", type(error).__name__, request.endpoint)
        detail = gettext("Please try again in a moment. What you entered may not have been saved.")
        return answer(500, "internal_error", detail, "An error of ours.")
