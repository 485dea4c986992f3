"""The login: who is signed in on this browser, by which proofs (`levels`), on which devices, and when it ends.

`current_login` is the question of each request; `start_session` and `end_sessions` begin and end, and `on_session_end` tells who hangs
on it.
"""

from __future__ import annotations

from . import levels
from .devices import Device, device_label, devices, end_device, end_other_devices
from .sessions import (
    TOUCH_EVERY,
    AccountStoppedError,
    Login,
    current_login,
    current_login_or_none,
    end_logins_of,
    end_sessions,
    keep_alive,
    live_logins,
    now_ms,
    on_session_end,
    start_session,
    starts_session,
)

__all__ = [
    "TOUCH_EVERY",
    "AccountStoppedError",
    "Device",
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
    "live_logins",
    "now_ms",
    "on_session_end",
    "start_session",
    "starts_session",
]
