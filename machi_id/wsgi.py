"""The application: the only place that knows all parts.

`create_app()` for commands and tests; `app` for `machi serve` and WSGI servers that want a name (`machi_id.wsgi:app`).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from idp.app import create_app as create
from idp.cli import machi
from idp.foundation.settings import Settings, SettingsError, load
from idp.foundation.telemetry import configure_logging
from mypage import MY_PAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from idp.foundation.web.home import Home


def create_app(
    settings: Settings | None = None, *, home: Home = MY_PAGE, worker: bool = True, commands: bool = False
) -> Flask:
    """Build the application from `settings` (default: the environment); `commands` check the key themselves. Raises `SettingsError`."""
    app = create(settings or load(), home, worker=worker, check_secret_key=not commands)
    app.cli.add_command(machi)
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
