"""The login of this browser: who is signed in, at which level, on which devices, and when it ends."""

from __future__ import annotations

from ..foundation.web.cookies import session_cookie
from ..logins import Device, Login, current_login, devices, end_device, end_other_devices, on_session_end
from ..signin import (
    LiveLogin,
    cookie_digest,
    live_logins_by_cookie,
    part_of_first_sign_in,
    renew_login,
    seen_now,
    sign_in_again,
    still_live,
)

__all__ = [
    "Device",
    "LiveLogin",
    "Login",
    "cookie_digest",
    "current_login",
    "devices",
    "end_device",
    "end_other_devices",
    "live_logins_by_cookie",
    "on_session_end",
    "part_of_first_sign_in",
    "renew_login",
    "seen_now",
    "session_cookie",
    "sign_in_again",
    "still_live",
]
