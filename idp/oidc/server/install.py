"""Puts on an application what its endpoints share: the provider itself, and answers to other origins."""

from __future__ import annotations

from flask import Flask

from ...foundation.readiness import OK, State
from ..jose import key_algorithms
from .cors import allow_origin
from .provider import Provider


def install(app: Flask, op: Provider) -> None:
    app.extensions["machi_oidc"] = op
    op.parts.readiness.add("signing_keys", lambda: _keys_state(op))
    app.after_request(allow_origin)


def _keys_state(op: Provider) -> State:
    """There are keys, and MACHI_SECRET_KEY opens them (what does not open raises, and counts as failed)."""
    try:
        for alg in key_algorithms.FIRST_ALGORITHMS:
            op.keys.signing(alg)
    except LookupError:
        return State("missing", serves=False)
    return OK
