"""The login: who is signed in on this browser, by which proofs (`levels`), on which devices, and when it ends.

`current_login` is the question of each request; `start_session` and `end_sessions` begin and end, and `on_session_end` tells who hangs
on it. Who holds pages open asks `live_logins_by_cookie` for many logins at once.
"""

from __future__ import annotations

from . import levels
from .devices import Device, device_label, devices, end_device, end_other_devices
from .live_logins import LiveLogin, live_logins_by_cookie, seen_now, still_live
from .sessions import (
    AccountStoppedError,
    Login,
    current_login,
    current_login_or_none,
    end_logins_of,
    end_sessions,
    keep_alive,
    on_session_end,
    start_session,
    starts_session,
)

__all__ = [
    "AccountStoppedError",
    "Device",
    "LiveLogin",
    "Login",
    "current_login",
    "current_login_or_none",
    "device_label",
    "devices",
    "end_device",
    "end_logins_of",
    "end_other_devices",
    "end_sessions",
    "keep_alive",
    "levels",
    "live_logins_by_cookie",
    "on_session_end",
    "seen_now",
    "start_session",
    "starts_session",
    "still_live",
]
