"""Puts signing in on an application: its pages, what is said to a stopped account, and the guard of every route."""

from __future__ import annotations

from flask import Flask

from . import account_stopped, card_pages, code_pages, guard, handoff, pages, passkey_pages, way_back, welcome


def install(app: Flask) -> None:
    guard.install_guard(app)
    for module in (pages, passkey_pages, handoff, card_pages, code_pages, welcome):
        app.register_blueprint(module.bp)
    account_stopped.install(app)
    way_back.install(app)
