"""Logins of very many open pages at once. A door of its own: whoever holds those pages loads no page of signing in."""

from __future__ import annotations

from ..foundation.vault import digest as cookie_digest
from ..foundation.web.cookies import session_cookie
from ..logins import LiveLogin, live_logins_by_cookie, seen_now, still_live

__all__ = ["LiveLogin", "cookie_digest", "live_logins_by_cookie", "seen_now", "session_cookie", "still_live"]
