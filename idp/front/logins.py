"""The login of this browser: who is signed in, at which level, on which devices, and when it ends."""

from __future__ import annotations

from ..foundation.web.cookies import session_cookie
from ..logins.devices import Device, devices, end_device, end_other_devices
from ..logins.sessions import Login, current_login, on_session_end
from ..signin.first import part_of_first_sign_in
from ..signin.pages import renew_login, sign_in_again
from ..signin.standing import Standing, cookie_digest, seen_now, standing_logins, still_standing

__all__ = [
    "Device",
    "Login",
    "Standing",
    "cookie_digest",
    "current_login",
    "devices",
    "end_device",
    "end_other_devices",
    "on_session_end",
    "part_of_first_sign_in",
    "renew_login",
    "seen_now",
    "session_cookie",
    "sign_in_again",
    "standing_logins",
    "still_standing",
]
