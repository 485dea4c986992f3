"""Grants end with the login, the credential and the account they hang on."""

from __future__ import annotations

from flask import Flask

from ...audit import on_record
from ...logins import on_session_end
from ...residents import life_cycle
from ..server import Provider
from . import cleanup  # noqa: F401 - registers its cleaner
from .revoke import end_with_account, end_with_credential, end_with_sessions


def install(_app: Flask, _op: Provider) -> None:
    on_session_end(end_with_sessions)
    on_record(end_with_credential)
    life_cycle.on_account_change(end_with_account)
