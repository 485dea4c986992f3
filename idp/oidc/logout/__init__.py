"""Signing out: end_session, back- and front-channel logout, session management, and which apps could not be reached."""

from __future__ import annotations

from .install import install
from .session_management import session_state

__all__ = ["install", "session_state"]
