"""Security headers on every answer."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, request

from clients.kit import Settings


def install(app: Flask, settings: Settings) -> None:
    """Strict policy: nothing inline, nothing foreign, no frames. Forms may end at the provider (sign-out does)."""
    issuer = urlsplit(settings.issuer)
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self';"
        f" form-action 'self' {issuer.scheme}://{issuer.netloc}; frame-ancestors 'none'; base-uri 'none'"
    )

    @app.after_request
    def add(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        if settings.secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        if request.endpoint not in {"static", "brand.static"}:
            response.headers.setdefault("Cache-Control", "no-store")
        return response
