"""The pages under /auth and the third-party start."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from .backchannel import accept_logout_token
from .browser import browser_secret, drop_cookie, set_cookie
from .errors import ConfigurationError, ProviderUnavailableError, SignInError, TokenInvalidError
from .origin import own_path
from .security_events import ERRORS
from .signin import BACKCHANNEL, CALLBACK, SECURITY_EVENTS, SIGNED_OUT

if TYPE_CHECKING:
    from .extension import MachiID

log = logging.getLogger("machi_kit")


def kit() -> MachiID:
    """The extension of the app that serves this request."""
    extension: MachiID = current_app.extensions["machi_id"]
    return extension


def no_store(response: BaseResponse) -> BaseResponse:
    """Keep it out of every cache."""
    response.headers["Cache-Control"] = "no-store"
    return response


def go_to_provider(return_to: str, login_hint: str | None = None) -> BaseResponse:
    """Begin a sign-in and send the browser to the provider."""
    machi = kit()
    browser = browser_secret(machi.settings)
    url = machi.sign_in.begin(browser, return_to, ui_locales=machi.locale(), login_hint=login_hint)
    return no_store(redirect(url, 303))


def login() -> BaseResponse:
    """Sign in, and come back to `return_to`."""
    settings = kit().settings
    return go_to_provider(own_path(request.args.get("return_to"), settings.base_url) or settings.home)


def start() -> BaseResponse:
    """Third-party initiated login (OIDC Core §4): my page opens this app, at a page of its own only."""
    settings = kit().settings
    if request.values.get("iss", settings.issuer) != settings.issuer:
        raise SignInError("issuer")
    target = request.values.get("target_link_uri")
    return_to = own_path(target, settings.base_url) if target else settings.home
    if return_to is None:
        raise SignInError("request", "target_link_uri")
    hint = request.values.get("login_hint")
    return go_to_provider(return_to, hint[:255] if hint else None)


def callback() -> BaseResponse:
    """The provider's answer: check it, begin a session under a new id, go where the resident wanted to go."""
    machi = kit()
    try:
        done = machi.sign_in.complete(browser_secret(machi.settings), request.args)
    except SignInError as error:
        # The back button after a finished sign-in is no error worth a page.
        if error.code == "state" and machi.resident is not None:
            return no_store(redirect(machi.settings.home, 303))
        raise
    before = request.cookies.get(machi.settings.cookie("session"))
    secret = machi.sessions.start(done.claims, done.id_token, replaces=before)
    if secret is None:
        raise SignInError("state", "the provider has already ended this session")
    response = redirect(done.return_to, 303)
    set_cookie(response, machi.settings, "session", secret)
    return no_store(response)


def logout() -> BaseResponse:
    """End the session here first, then at the provider: the first must not depend on the second."""
    machi = kit()
    resident = machi.resident
    url = None
    if resident is not None:
        machi.sessions.end(request.cookies[machi.settings.cookie("session")])
        state = machi.attempts.begin(browser_secret(machi.settings), machi.settings.home, kind="logout").state
        url = machi.sign_in.logout_url(resident.id_token, state, machi.locale())
    response = redirect(url or url_for("machi.signed_out"), 303)
    drop_cookie(response, machi.settings, "session")
    return no_store(response)


def signed_out() -> BaseResponse:
    """Where the provider sends the browser after sign-out; the spent `state` shows that it did."""
    machi = kit()
    state = request.args.get("state", "")
    everywhere = machi.attempts.take(browser_secret(machi.settings), state, kind="logout") is not None
    return no_store(machi.signed_out_page(everywhere))


def backchannel() -> BaseResponse:
    """OIDC Back-Channel Logout 1.0 §2.8: 200 when done, 400 when the token is no good."""
    machi = kit()
    token = request.form.get("logout_token", "")
    try:
        accept_logout_token(token, provider=machi.provider, settings=machi.settings, sessions=machi.sessions)
    except TokenInvalidError as error:
        log.warning("logout token refused: %s", error.check)
        return no_store(machi.json({"error": "invalid_request", "error_description": error.check}, 400))
    except (ProviderUnavailableError, ConfigurationError):
        # Without keys nothing can be checked; the provider tries again.
        return no_store(machi.json({"error": "temporarily_unavailable"}, 503))
    return no_store(Response(status=200))


def security_event() -> BaseResponse:
    """RFC 8935 §2: 202 when taken, 400 with the kind of error, anything else to be sent again."""
    machi = kit()
    try:
        if request.mimetype != "application/secevent+jwt":
            raise TokenInvalidError("format", "not a security event")
        machi.security_events.take(request.get_data(cache=False).decode("ascii", "replace"))
    except TokenInvalidError as error:
        log.warning("security event refused: %s", error.check)
        body = {"err": ERRORS.get(error.check, "invalid_request"), "description": error.check}
        return no_store(machi.json(body, 400))
    except (ProviderUnavailableError, ConfigurationError):
        return no_store(machi.json({"error": "temporarily_unavailable"}, 503))
    return no_store(Response(status=202))


def refused(error: SignInError) -> BaseResponse:
    """The page about a sign-in that failed."""
    # %r: the detail may come from the address bar and must not forge log lines.
    log.warning("sign-in refused: %s %r", error.code, error.detail)
    return no_store(kit().error_page(error))


def build() -> Blueprint:
    """The blueprint `machi`."""
    pages = Blueprint("machi", __name__)
    pages.get("/auth/login")(login)
    pages.route("/start", methods=["GET", "POST"])(start)
    pages.get(CALLBACK)(callback)
    pages.post("/auth/logout")(logout)
    pages.get(SIGNED_OUT)(signed_out)
    pages.post(BACKCHANNEL)(backchannel)
    pages.post(SECURITY_EVENTS)(security_event)
    pages.register_error_handler(SignInError, refused)
    return pages
