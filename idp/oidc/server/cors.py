"""Cross-origin answers for browser apps: one table of what they may read. Never authorize, never what a cookie speaks for.

These answers depend on no cookie (each endpoint takes what the request itself carries), so any origin may read them, refusals included.
"""

from __future__ import annotations

from flask import Response, request

READABLE: dict[str, str] = {
    "discovery.discovery": "GET",
    "jwks.jwks": "GET",
    "webfinger.webfinger": "GET",
    "ssf_configuration.configuration": "GET",
    "userinfo.userinfo": "GET, POST",
    "token.token": "POST",
    "revocation.revoke": "POST",
    "par.par": "POST",
    "device_authorization.start": "POST",
}
"""Flask endpoint: the methods a browser app uses."""
REQUEST_HEADERS = (
    "Authorization",
    "Content-Type",
    "DPoP",
    "X-FAPI-Interaction-ID",
    # What tracing, older scripts and caches add to every request, and MCP's clients to discovery.
    "traceparent",
    "tracestate",
    "X-Requested-With",
    "Cache-Control",
    "Pragma",
    "MCP-Protocol-Version",
)
_ALLOWED = ", ".join(REQUEST_HEADERS)
_EXPOSED = "WWW-Authenticate, DPoP-Nonce, X-FAPI-Interaction-ID, Retry-After"


def allow_origin(response: Response) -> Response:
    """`after_request`: let the asking origin read this answer, without credentials; a preflight is 204 (Fetch §4.8)."""
    sent = request
    if "HTTP_ORIGIN" not in sent.environ or (methods := READABLE.get(sent.endpoint or "")) is None:
        return response
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = _EXPOSED
    if sent.method == "OPTIONS":
        response.status_code = 204
        response.headers["Access-Control-Allow-Methods"] = methods
        response.headers["Access-Control-Allow-Headers"] = _ALLOWED
        response.headers["Access-Control-Max-Age"] = "600"
    return response
