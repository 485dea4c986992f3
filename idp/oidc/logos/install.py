"""Pictures are fetched by the worker and shown from our address."""

from __future__ import annotations

from flask import Flask

from ..server import Provider
from . import fetch, serve


def install(app: Flask, op: Provider) -> None:
    op.parts.worker.handles(fetch.TOPIC, lambda job: fetch.deliver(op, job), slow=True)
    app.register_blueprint(serve.bp)
