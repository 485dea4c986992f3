"""The authorization endpoint, and what sign-in asks it about an attempt."""

from __future__ import annotations

from flask import Flask

from ..server import Provider
from . import (
    authorize,
    cleanup,  # noqa: F401 - registers its cleaner
    consent,
    par,
    way_back,
)
from .attempt import describe
from .code_flows import CodeFlow, HybridFlow, S256Only


def install(app: Flask, op: Provider) -> None:
    app.extensions["machi_describe_attempt"] = describe
    app.extensions["machi_way_back"] = way_back.way_back
    op.server.register_grant(CodeFlow, [S256Only()])
    if op.parts.settings.hybrid_flows:
        op.server.register_grant(HybridFlow, [S256Only()])
    op.server.register_endpoint(par.ParEndpoint)
    for module in (authorize, consent, par, way_back):
        app.register_blueprint(module.bp)
