"""The registration endpoint and the clients' own management."""

from __future__ import annotations

from flask import Flask

from ..server import Provider
from . import (
    cleanup,  # noqa: F401 - registers its cleaner
    client_management,
    registration,
)
from .software_statement import load_issuers


def install(app: Flask, op: Provider) -> None:
    """Raises `SettingsError`: a file of issuers that cannot be used ends the start."""
    load_issuers(op.parts.settings.software_statement_issuers)
    for module in (registration, client_management):
        app.register_blueprint(module.bp)
