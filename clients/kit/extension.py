"""The Flask extension: one object that holds an app's sign-in, sessions and reporting."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from flask import Flask, g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from . import browser, csrf, mount, routes
from .attempts import AttemptStore
from .config import Settings
from .database import Database
from .discovery import Provider
from .errors import ConfigurationError, SignInError
from .http import Http
from .report import CaseReporter
from .schema import SCHEMA
from .security_events import SecurityEvent, SecurityEvents
from .sessions import Resident, SessionStore
from .signin import SECURITY_EVENTS, SignIn
from .tokens import ClientCredentials

P = ParamSpec("P")
PLAIN = (
    '<!doctype html><html lang="ja"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<title>{title}</title><h1>{title}</h1><p>{text}</p><p><a href="{home}">もどる / Back</a></p></html>'
)


class MachiID:
    """Sign-in with Machi ID and reporting to my page, for one Flask application.

    `locale` returns the language to ask the provider for (`ja`, `en`), called inside a request. Pages about errors and
    sign-out are plain until the app gives its own with `on_error` and `on_signed_out`.
    """

    def __init__(self, app: Flask, settings: Settings, *, locale: Callable[[], str | None] | None = None) -> None:
        if not app.secret_key:
            raise ConfigurationError("the app needs a secret_key")
        self.settings = settings
        self.locale: Callable[[], str | None] = locale or (lambda: None)
        self.database = Database(settings.database)
        self.database.create(SCHEMA)
        self.provider = Provider(settings.issuer, Http())
        self.sessions = SessionStore(self.database, settings)
        self.attempts = AttemptStore(self.database)
        self.sign_in = SignIn(settings, self.provider, self.attempts)
        tokens = ClientCredentials(settings, self.provider)
        self.reporter = CaseReporter(settings, self.database, self.provider, tokens)
        self.security_events = SecurityEvents(settings, self.provider, self.sessions, tokens)
        self._error_page: Callable[[SignInError], ResponseReturnValue] | None = None
        self._signed_out_page: Callable[[bool], ResponseReturnValue] | None = None
        key = app.secret_key if isinstance(app.secret_key, bytes) else app.secret_key.encode()
        browser.install(app, settings)
        csrf.install(app, settings, key, exempt={"machi.backchannel", "machi.security_event", "machi.start"})
        app.register_blueprint(routes.build())
        mount.install(app, settings.path)
        app.extensions["machi_id"] = self
        app.context_processor(lambda: {"resident": self.resident})

    @property
    def resident(self) -> Resident | None:
        """Who is signed in on this request, or None."""
        if "kit_resident" not in g:
            secret = request.cookies.get(self.settings.cookie("session"))
            g.kit_resident = self.sessions.find(secret) if secret else None
        found: Resident | None = g.kit_resident
        return found

    def sign_in_required(self, view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        """Decorator: a page for signed-in residents only. Others go to sign in, and come back to this page."""

        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            if self.resident is not None:
                return view(*args, **kwargs)
            # A form's data cannot travel through a sign-in, so a POST comes back to the page itself.
            here = request.script_root + (request.full_path.rstrip("?") if request.method == "GET" else request.path)
            return redirect(url_for("machi.login", return_to=here), 303)

        return guarded

    def on_error(self, page: Callable[[SignInError], ResponseReturnValue]) -> None:
        """Show `page(error)` when a sign-in fails; its status is `error.status`."""
        self._error_page = page

    def on_signed_out(self, page: Callable[[bool], ResponseReturnValue]) -> None:
        """Show `page(everywhere)` after sign-out; `everywhere` is False if only this app's session could be ended."""
        self._signed_out_page = page

    def on_security_event(self, handler: Callable[[SecurityEvent], object]) -> None:
        """Call `handler(event)` for each security event; sessions that were revoked are ended already. It may be called twice."""
        self.security_events.handler = handler

    def subscribe_to_security_events(self) -> str:
        """Ask the provider for its security events; once when the app is set up, again is no harm. Returns the stream's id."""
        return self.security_events.subscribe(self.settings.base_url + SECURITY_EVENTS)

    def error_page(self, error: SignInError) -> Response:
        """The page about a failed sign-in."""
        if self._error_page:
            response = make_response(self._error_page(error))
        else:
            text = "もう一度お試しください。 Please try again."
            response = make_response(
                PLAIN.format(title="サインインできませんでした / Sign-in failed", text=text, home=self.settings.home)
            )
        response.status_code = error.status
        return response

    def signed_out_page(self, everywhere: bool) -> Response:
        """The page after sign-out."""
        if self._signed_out_page:
            return make_response(self._signed_out_page(everywhere))
        return make_response(PLAIN.format(title="サインアウトしました / Signed out", text="", home=self.settings.home))

    def json(self, body: dict[str, Any], status: int) -> Response:
        """A JSON answer."""
        return Response(json.dumps(body), status, content_type="application/json")
