"""Security headers on every answer; a strict CSP without inline script or style."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, g, request

from ..context import parts

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


def allow_form_target(url: str) -> None:
    """Let forms on this page lead (also by redirect) to the origin of `url`, and no further (see `leaving`)."""
    target = urlsplit(url)
    # A native app's own scheme has no origin; CSP takes the bare scheme.
    source = f"{target.scheme}://{target.netloc}" if target.scheme in ("http", "https") else f"{target.scheme}:"
    if not hasattr(g, "form_targets"):
        g.form_targets = []
    g.form_targets.append(source)


def allow_any_form_target() -> None:
    """Let the form on this page lead anywhere; only for a page whose one form goes to a proven address of an app."""
    g.form_may_lead_anywhere = True


def allow_frame(url: str) -> None:
    """Let this page hold a frame of the origin of `url`."""
    target = urlsplit(url)
    g.frame_sources = [*getattr(g, "frame_sources", ()), f"{target.scheme}://{target.netloc}"]


def allow_framing() -> None:
    """Let any site hold this page in a frame; only for one that shows nothing and has nothing to press."""
    g.may_be_framed = True


def _policy() -> str:
    policy = " ".join([_CSP, *getattr(g, "form_targets", ())])
    if "form_may_lead_anywhere" in g:
        policy = _CSP.replace("; form-action 'self'", "")
    if frames := getattr(g, "frame_sources", None):
        policy += f"; frame-src {' '.join(dict.fromkeys(frames))}"
    return policy.replace("frame-ancestors 'none'", "frame-ancestors *") if _may_be_framed() else policy


def _may_be_framed() -> bool:
    return bool(getattr(g, "may_be_framed", False))


def add_headers(response: Response) -> Response:
    """`after_request`: headers that every answer carries."""
    headers = response.headers
    headers.add("X-Content-Type-Options", "nosniff")
    if headers.get("Content-Type", "").startswith("text/html") and response.status_code != 302:
        headers["Content-Security-Policy"] = _policy()
        # Not no-referrer: browsers then send `Origin: null` with our own forms, and the CSRF check could not tell.
        headers["Referrer-Policy"] = "same-origin"
        if not _may_be_framed():
            headers["X-Frame-Options"] = "DENY"
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers.setdefault("Cache-Control", "no-store")
        headers["Vary"] = "Cookie, Accept-Language"
    if parts().settings.secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    if "Cache-Control" not in headers and request.method != "GET":
        headers["Cache-Control"] = "no-store"
    return response
