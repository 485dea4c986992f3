"""Puts the transmitter on an application: its endpoints, its delivery, and its ear at the record."""

from __future__ import annotations

from flask import Flask

from ...audit import on_record
from ..server import Provider
from . import (
    cleanup,  # noqa: F401 - registers its cleaner
    metadata,
    poll,
    push,
    status_api,
    streams_api,
    subjects_api,
    verification_api,
)
from .happenings import PUSH_TOPIC, tell_streams


def install(app: Flask, op: Provider) -> None:
    on_record(tell_streams)
    op.parts.worker.handles(PUSH_TOPIC, lambda job: push.deliver(op, job), slow=True)
    for module in (metadata, poll, status_api, streams_api, subjects_api, verification_api):
        app.register_blueprint(module.bp)
