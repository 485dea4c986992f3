"""From an attempt back to its app: with `access_denied` to the redirect address when that is proven, else to the app's home."""

from __future__ import annotations

from urllib.parse import urlsplit

import orjson
from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from ...foundation.web.callers import Caller, called_by
from ...foundation.web.errors import ProblemError
from ...foundation.web.language import language
from ...signin import attempts
from ...signin.model import SignInAttempt
from ..clients import RegisteredClient
from ..server import provider
from .authorize import error_response, request_of
from .authorize_checks import prove_client_and_redirect
from .authorize_request import AuthorizationError

bp = Blueprint("way_back", __name__)


@bp.get("/authorize/<attempt_id>/cancel")
@called_by(Caller.BROWSER)
def cancel(attempt_id: str) -> ResponseReturnValue:
    """RFC 6749 §4.1.2.1 `access_denied`, also of an expired attempt; only for the browser that began it."""
    attempt = attempts.load(provider().parts.database, attempt_id, expired=True)
    try:
        asked = request_of(attempt)
    except AuthorizationError as error:
        return error_response(error)
    return error_response(AuthorizationError(asked, "access_denied", "The resident went back without signing in."))


def way_back(attempt: SignInAttempt, own: bool) -> tuple[str, str] | None:
    """`(address, the app's name)`. A browser that did not begin (`own` false) gets no answer for the app, only its home."""
    op = provider()
    client = op.clients.get(attempt.client_id)
    if client is None:
        return None
    name = client.name(language())
    if own:
        try:
            prove_client_and_redirect(op, orjson.loads(attempt.request or "{}"))
            return url_for("way_back.cancel", attempt_id=attempt.attempt_id), name
        except ProblemError:
            pass  # what is not proven gets nothing
    home = home_of(client)
    return (home, name) if home is not None else None


def home_of(client: RegisteredClient) -> str | None:
    """What it registered as its page, else the site its residents come back to."""
    if (page := client.localised("client_uri").get(language())) is not None:
        return page
    for uri in client.metadata.get("redirect_uris") or ():
        found = urlsplit(uri)
        if found.scheme in ("http", "https"):
            return f"{found.scheme}://{found.netloc}/"
    return None
