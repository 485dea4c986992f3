"""`machi live`: a process without the application, for it is to be there at once when it is started anew."""

from __future__ import annotations

import sys

import click

from idp.foundation.context import Parts, build_parts
from idp.foundation.key_ring import check_key
from idp.foundation.outage import is_unavailable
from idp.foundation.scrub import described
from idp.foundation.settings import SettingsError, load
from idp.foundation.telemetry import configure_logging
from mypage.delivery.live.serve import serve_live


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8002, show_default=True)
@click.option("--drain", default=5.0, show_default=True, help="Seconds between SIGTERM and the end of the first pages.")
def live(host: str, port: int, drain: float) -> None:
    """Hold the live streams of very many open pages; the proxy sends /my/live here. Needs Redis."""
    configure_logging()
    try:
        instance = _parts()
    except SettingsError as error:
        sys.exit(f"machi: {error}")
    except Exception as error:
        if not is_unavailable(error):
            raise
        sys.exit(f"machi: the database is not available ({described(error)})")
    serve_live(instance, host, port, drain)


def _parts() -> Parts:
    settings = load()
    if settings.live_url.startswith("memory"):
        raise SettingsError("a live server of its own needs redis:// (MACHI_LIVE_URL)")
    instance = build_parts(settings)
    check_key(instance.database, instance.vault)
    return instance
