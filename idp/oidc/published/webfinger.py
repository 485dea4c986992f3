"""WebFinger (RFC 7033, OIDC Discovery §2): which provider speaks for an identifier at our host. Tells nothing about who exists."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import orjson
from flask import Blueprint, Response, request

from ...foundation.web.callers import Caller, called_by
from ...foundation.web.errors import ProblemError
from ..server import provider

bp = Blueprint("webfinger", __name__)

ISSUER = "http://openid.net/specs/connect/1.0/issuer"
MAX_LENGTH = 1000


@bp.get("/.well-known/webfinger")
@called_by(Caller.ANYONE)
def webfinger() -> Response:
    """The issuer for any e-mail-like or URL identifier of our host; 404 for other hosts."""
    issuer = provider().parts.settings.issuer
    resource = request.args.get("resource", "")
    if not resource or len(resource) > MAX_LENGTH:
        raise ProblemError(400, "invalid_request", "The parameter resource is missing or too long.")
    if host_of(resource) != urlsplit(issuer).netloc.lower():
        raise ProblemError(404, "unknown_resource", "This identifier does not belong here.")
    rels = request.args.getlist("rel")
    links = [{"rel": ISSUER, "href": issuer}] if not rels or ISSUER in rels else []
    response = Response(orjson.dumps({"subject": resource, "links": links}), content_type="application/jrd+json")
    response.headers["Cache-Control"] = "public, max-age=600"
    response.headers["Access-Control-Allow-Origin"] = "*"  # RFC 7033 §5
    return response


def host_of(resource: str) -> str | None:
    """Host and port of an `acct:` or http(s) identifier, or of a bare e-mail address (OIDC Discovery §2.1)."""
    try:
        parts = urlsplit(resource)
        if parts.scheme in ("http", "https"):
            return parts.netloc.rpartition("@")[2].lower() or None
    except ValueError:
        return None
    account = unquote(resource.removeprefix("acct:"))
    name, at, host = account.rpartition("@")
    return host.lower() if at and name and "/" not in host else None
