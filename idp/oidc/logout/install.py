"""Signing out: its pages, and the worker that tells apps."""

from __future__ import annotations

from flask import Flask

from ..grants import LOGOUT_TOPIC
from ..server import Provider
from . import backchannel_logout, end_session, session_management, signed_out


def install(app: Flask, op: Provider) -> None:
    op.parts.worker.handles(LOGOUT_TOPIC, lambda job: backchannel_logout.deliver(op, job), slow=True)
    for module in (end_session, session_management, signed_out):
        app.register_blueprint(module.bp)
