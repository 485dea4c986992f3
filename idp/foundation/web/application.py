"""The Flask application, without the parts that this product does not use and every request paid for (docs/benchmarks.md).

Only what Flask documents is used or overridden (docs/decisions/0045). There is no Flask session (logins are rows) and no coroutine
view, and most requests go to a path without variables. What Flask promises to views, hooks and error handlers holds as before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, Request, Response
from flask.sessions import NullSession, SessionInterface
from werkzeug.datastructures import Headers
from werkzeug.routing import Rule

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from flask.typing import ResponseReturnValue
    from werkzeug.routing import MapAdapter

ASKED_METHOD = "machi.asked_method"


def asked_method(request: Request) -> str:
    """What was asked, where it counts that HEAD is not GET: somebody has signed it."""
    return str(request.environ.get(ASKED_METHOD, request.method))


class Application(Flask):
    """Answers as `Flask` does, with fewer steps on the way."""

    def __init__(self, import_name: str) -> None:
        super().__init__(import_name, static_folder=None)
        self.session_interface = _NoSession()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """HEAD is GET without the body (RFC 9110 §9.3.2): made so here, once, and no view need know of it."""
        if environ["REQUEST_METHOD"] != "HEAD":
            return super().__call__(environ, start_response)
        body = super().__call__({**environ, "REQUEST_METHOD": "GET", ASKED_METHOD: "HEAD"}, start_response)
        if callable(close := getattr(body, "close", None)):
            close()  # a live stream ends before its first line
        return ()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func  # asked for every hook of every request; no function of ours is a coroutine

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        return super().create_url_adapter(None) if request is None else _Adapter(self, request)  # type: ignore[return-value]

    def preprocess_request(self) -> ResponseReturnValue | None:
        if not self._hooks_are_global:
            return super().preprocess_request()
        for hook in self.before_request_funcs.get(None, ()):
            answer: ResponseReturnValue | None = hook()  # type: ignore[assignment]
            if answer is not None:
                return answer
        return None

    @cached_property
    def _hooks_are_global(self) -> bool:
        """No blueprint has hooks of its own, which is so for all of ours: then nobody need look for them at each request."""
        hooks = (self.url_value_preprocessors, self.before_request_funcs)
        return all(set(h) <= {None} for h in hooks) and not self.url_value_preprocessors.get(None)

    def full_adapter(self, request: Request) -> MapAdapter:
        """Werkzeug's own, for rules with variables, redirects and addresses to build."""
        return cast("MapAdapter", super().create_url_adapter(request))

    @cached_property
    def plain_rules(self) -> dict[tuple[str, str], Rule]:
        """Rules of paths without variables by (method, path). Built at the first request: Flask takes no route after it."""
        found: dict[tuple[str, str], Rule] = {}
        for rule in self.url_map.iter_rules():
            if not (rule.arguments or rule.redirect_to or rule.defaults or rule.build_only or rule.websocket):
                for method in rule.methods or ():
                    found.setdefault((method, rule.rule), rule)
        return found


class _Adapter:
    """Finds the rule of a plain path by one look-up; anything else is left to Werkzeug's adapter, made when it is needed."""

    def __init__(self, app: Application, request: Request) -> None:
        self._app, self._request = app, request

    def match(self, *args: Any, **kwargs: Any) -> Any:
        environ = self._request.environ
        rule = self._app.plain_rules.get((environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")))
        return (rule, {}) if rule is not None else self._full.match(*args, **kwargs)

    @cached_property
    def _full(self) -> MapAdapter:
        return self._app.full_adapter(self._request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._full, name)


class _NoSession(SessionInterface):
    """Flask's session is not used; Flask's own null session would be made anew for each request."""

    _session = NullSession()

    def open_session(self, app: Flask, request: Request) -> NullSession:
        return self._session


class AppResponse(Response):
    """A finished answer: a body in bytes and headers in ASCII, sent as they are."""

    def __init__(self, body: bytes, headers: Iterable[tuple[str, str]], status: int = 200) -> None:
        super().__init__([body], status, Headers([*headers, ("Content-Length", str(len(body)))]))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Werkzeug would look for addresses to convert, lengths to compute and bodies to leave out."""
        start_response(self.status, self.headers.to_wsgi_list())
        return self.response  # type: ignore[return-value]
