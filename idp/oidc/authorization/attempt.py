"""A sign-in attempt that an app's request began: what its page may say about the app."""

from __future__ import annotations

import orjson

from ...foundation.web.errors import ProblemError
from ...foundation.web.language import language
from ...signin.model import SignInAttempt
from ..logos import logo_path
from ..server import provider
from .authorize_checks import check_request
from .authorize_request import AuthorizationError
from .step_up import explanation


def describe(attempt: SignInAttempt) -> dict[str, str]:
    """`client_name`, `client_logo`, `ui_locales`, `redirect_uri` and `message`, as far as there are any."""
    client = provider().clients.get(attempt.client_id)
    parameters = orjson.loads(attempt.request or "{}")
    if client is None:
        return {}
    described = {"client_name": client.name(language())}
    if (logo := logo_path(client)) is not None:
        described["client_logo"] = logo
    for name in ("ui_locales", "redirect_uri"):
        if name in parameters:
            described[name] = parameters[name]
    if "redirect_uri" not in described and (default := client.get_default_redirect_uri()):
        described["redirect_uri"] = default
    try:
        if (word := explanation(check_request(provider(), parameters), attempt)) is not None:
            described["message"] = word
    except (ProblemError, AuthorizationError):
        pass  # said when the attempt goes on
    return described
