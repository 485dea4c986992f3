"""Puts the protocol on an application: each room brings its own endpoints, grants, handlers and cleaners."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from ..foundation.context import Parts
from ..foundation.web.static_files import add_static
from . import (
    access,
    authorization,
    client_auth,
    decoupled,
    grants,
    logos,
    logout,
    published,
    registration,
    security_events,
    server,
    token_endpoint,
)
from .server import build_provider, speak_oauth

SPEAK_OAUTH = (
    server,
    client_auth,
    grants,
    token_endpoint,
    logos,
    registration,
    logout,
    authorization,
    decoupled,
    access,
    published,
)
"""Rooms whose endpoints for programs answer in OAuth's form; security events have one of their own."""


def install(app: Flask, instance: Parts) -> None:
    """Raises `SettingsError` for what cannot be used."""
    op = build_provider(instance)
    add_static("oidc", Path(__file__).parent / "static")
    before = set(app.blueprints)
    for room in SPEAK_OAUTH:
        room.install(app, op)
    speak_oauth(app, set(app.blueprints) - before)
    security_events.install(app, op)
