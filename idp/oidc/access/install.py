"""The API by which apps look after the grants they manage."""

from __future__ import annotations

from flask import Flask

from ..server import Provider
from . import grants_api


def install(app: Flask, _op: Provider) -> None:
    app.register_blueprint(grants_api.bp)
