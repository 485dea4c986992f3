"""`machi`: an installation's one command. The provider's commands, the server, the version, completion for the shell (click's)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from flask import current_app
from flask.cli import ScriptInfo

from idp.cli import machi
from idp.foundation.context import parts
from idp.foundation.telemetry import configure_logging

from . import __version__

if TYPE_CHECKING:
    from flask import Flask


def _application() -> Flask:
    """For commands that look into the database; they bring their own delivery loop (`machi worker`) and look at the key themselves."""
    from .wsgi import create_app

    configure_logging()
    return create_app(worker=False, commands=True)


@machi.command(with_appcontext=False)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--processes", default=0, help="One with memory://, else one per core, unless said here.")
@click.option("--threads", default=256, show_default=True, help="Of each process; every open page holds one.")
@click.option("--drain", default=5.0, show_default=True, help="Seconds between SIGTERM and the end.")
def serve(host: str, port: int, processes: int, threads: int, drain: float) -> None:
    """Serve residents and apps until told to stop."""
    from .serve import serve as run

    run(host, port, processes=processes, threads=threads, drain=drain)


@machi.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8002, show_default=True)
@click.option("--drain", default=5.0, show_default=True, help="Seconds between SIGTERM and the end of the first pages.")
def live(host: str, port: int, drain: float) -> None:
    """Hold the live streams of very many open pages; the proxy sends /my/live here. Needs Redis."""
    from mypage.delivery.live import serve_live

    if parts().settings.live_url.startswith("memory"):
        sys.exit("machi: a live server of its own needs redis:// (MACHI_LIVE_URL)")
    serve_live(current_app._get_current_object(), host, port, drain)  # type: ignore[attr-defined]


click.version_option(__version__, prog_name="machi")(machi)


def main() -> None:
    """The entry point of the wheel."""
    machi.main(prog_name="machi", obj=ScriptInfo(create_app=_application, set_debug_flag=False))
