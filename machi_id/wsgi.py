"""The application: the only place that knows all parts.

`create_app()` for commands and tests; `app` for `machi serve` and WSGI servers that want a name (`machi_id.wsgi:app`).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import mypage
from idp.app import install as install_idp
from idp.cli import machi
from idp.foundation.context import build_parts
from idp.foundation.key_ring import check_key
from idp.foundation.settings import Settings, SettingsError, load
from idp.foundation.telemetry import configure_logging
from idp.foundation.web.application import Application
from idp.foundation.web.callers import undeclared
from idp.foundation.web.mount import refuse_ambiguous

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask


def create_app(settings: Settings | None = None, *, worker: bool = True, commands: bool = False) -> Flask:
    """Build the application from `settings` (default: the environment); `commands` check the key themselves. Raises `SettingsError`."""
    settings = settings or load()
    instance = build_parts(settings)
    if not commands:
        check_key(instance.database, instance.vault, serving=True)
    app = Application("machi")
    install_idp(app, instance, ("idp", "mypage"))
    mypage.install(app)
    app.cli.add_command(machi)
    if missing := undeclared(app):
        raise RuntimeError(f"routes without a declared caller: {', '.join(missing)}")
    refuse_ambiguous(app, settings.path)
    if worker and settings.worker == "inline":
        instance.worker.start()
    return app


def _app_for_servers() -> Flask:
    configure_logging()
    try:
        return create_app()
    except SettingsError as error:
        sys.exit(f"machi: {error}")


app: Flask | Callable[..., object]


def __getattr__(name: str) -> object:
    """Build `app` only when a server asks for it, so that importing this module is free of effects."""
    if name == "app":
        globals()["app"] = _app_for_servers()
        return globals()["app"]
    raise AttributeError(name)
