"""The health pages of a process that serves nothing else (`machi worker`): two paths on a port of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import click
from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PATHS = ("/healthz", "/readyz")


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = 5  # seconds between two reads

    def log_message(self, format: str, *args: Any) -> None:
        """Probes are no news."""


def serve_health(app: Flask, address: str) -> WSGIServer:
    """Serve them in a thread until `shutdown`; `address` is host:port."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise click.BadParameter("is not HOST:PORT", param_hint="--health")

    def only_health(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET" or environ.get("PATH_INFO") not in PATHS:
            start_response("404 Not Found", [("Content-Length", "0")])
            return [b""]
        return app.wsgi_app(environ, start_response)

    server = make_server(host.strip("[]"), int(port), only_health, _Server, _Handler)
    threading.Thread(target=server.serve_forever, name="machi-health", daemon=True).start()
    return server
