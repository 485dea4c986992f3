"""The documents everybody may read."""

from __future__ import annotations

from flask import Flask

from ..server import Provider
from . import discovery, jwks, webfinger


def install(app: Flask, _op: Provider) -> None:
    for module in (discovery, jwks, webfinger):
        app.register_blueprint(module.bp)
