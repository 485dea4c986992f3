"""Signing in: attempts, the pages of each way in, leaving for another site, and the way back to the app.

`attempts` are rows that outlive the pages; `sign_in_again` and `renew_login` send a signed-in resident through the pages once more. Who
holds pages open asks `live_logins_by_cookie` for many logins at once.
"""

from __future__ import annotations

from . import attempts
from .first import part_of_first_sign_in
from .install import install
from .live_logins import LiveLogin, cookie_digest, live_logins_by_cookie, seen_now, still_live
from .pages import renew_login, sign_in_again

__all__ = [
    "LiveLogin",
    "attempts",
    "cookie_digest",
    "install",
    "live_logins_by_cookie",
    "part_of_first_sign_in",
    "renew_login",
    "seen_now",
    "sign_in_again",
    "still_live",
]
