"""`machi`: an installation's one command. The provider's commands, the server, the version, completion for the shell (click's)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from idp.cli import machi
from idp.foundation.telemetry import configure_logging

from . import __version__
from .live import live

if TYPE_CHECKING:
    from flask import Flask

__all__ = ["application", "machi"]


def application() -> Flask:
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


machi.add_command(live)
click.version_option(__version__, prog_name="machi")(machi)
