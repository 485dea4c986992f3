"""Client authentication on an application: its methods, certificates at the edge, nonces, and who asked."""

from __future__ import annotations

from flask import Flask

from ..server import Provider
from . import (
    cleanup,  # noqa: F401 - registers its cleaner
    who_asks,
)
from .authenticate import register_methods
from .certificate import ClientCertificates
from .dpop import add_nonce


def install(app: Flask, op: Provider) -> None:
    register_methods(op)
    app.after_request(add_nonce)
    app.wsgi_app = ClientCertificates(app.wsgi_app, op.parts.settings)  # type: ignore[method-assign]
    who_asks.install(app, op)
