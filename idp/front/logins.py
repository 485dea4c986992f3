"""The login of this browser: who is signed in, at which level, on which devices, and when it ends."""

from __future__ import annotations

from ..logins import Device, Login, current_login, devices, end_device, end_other_devices, on_session_end
from ..signin import (
    part_of_first_sign_in,
    renew_login,
    sign_in_again,
)

__all__ = [
    "Device",
    "Login",
    "current_login",
    "devices",
    "end_device",
    "end_other_devices",
    "on_session_end",
    "part_of_first_sign_in",
    "renew_login",
    "sign_in_again",
]
