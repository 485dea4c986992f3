"""Authorization responses: query, fragment, form_post (OAuth 2.0 Multiple Response Types, Form Post Response Mode), each with `iss`
(RFC 9207).
"""

from __future__ import annotations

import re
from urllib.parse import quote_plus, urlsplit, urlunsplit

from flask import Response, render_template
from werkzeug.urls import iri_to_uri

from ...foundation.web.application import AppResponse
from ...foundation.web.headers import allow_any_form_target
from ..clients import RegisteredClient
from ..server import NO_STORE, provider
from .response_jwt import JWT_MODES, signed_response

RESPONSE_MODES = ("query", "fragment", "form_post", *JWT_MODES)
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]*")
_REDIRECT = (("Content-Type", "text/html; charset=utf-8"), *NO_STORE.items())


def respond(
    client: RegisteredClient, redirect_uri: str, response_mode: str, parameters: dict[str, str | None]
) -> Response:
    """Send the browser back to the app with these parameters (None is left out) and the issuer."""
    values = {name: value for name, value in parameters.items() if value is not None}
    values["iss"] = provider().parts.settings.issuer
    if response_mode in JWT_MODES:
        response_mode, values = signed_response(provider(), client, response_mode, values)
    if response_mode == "form_post":
        allow_any_form_target()  # the app may send the browser on to anywhere; the page holds this one form
        html = render_template("oidc/form_post.html", action=redirect_uri, values=values)
        return Response(html, content_type="text/html; charset=utf-8", headers=NO_STORE)
    location = _with_parameters(redirect_uri, _encoded(values), response_mode)
    if not location.isascii():
        location = iri_to_uri(location)
    return AppResponse(b"", (("Location", location), *_REDIRECT), 302)


def _encoded(values: dict[str, str]) -> str:
    """As `urlencode`; our names need no escaping, and codes and most states do not either."""
    return "&".join(f"{name}={v if _UNRESERVED.fullmatch(v) else quote_plus(v)}" for name, v in values.items())


def _with_parameters(redirect_uri: str, query: str, response_mode: str) -> str:
    parts = urlsplit(redirect_uri)
    if response_mode == "fragment":
        return urlunsplit(parts._replace(fragment=query))
    return urlunsplit(parts._replace(query=f"{parts.query}&{query}" if parts.query else query))
