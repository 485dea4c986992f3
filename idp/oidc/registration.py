"""Dynamic client registration (RFC 7591 §3, OIDC Registration §3) with an initial access token."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
from flask import Blueprint, Response, request
from sqlalchemy import update
from sqlalchemy.orm import Session

from ..audit import EventType, record
from ..foundation import clock
from ..foundation.ids import new_secret
from ..foundation.vault import digest
from ..foundation.web.callers import Caller, called_by
from ..signin.attempts import client_network
from .bearer import BearerError, presented_token
from .metadata import MetadataError
from .model import InitialAccessToken
from .provider import NO_STORE, provider
from .register_client import register_client

bp = Blueprint("registration", __name__)

MAX_BODY = 65536


@bp.post("/register")
@called_by(Caller.BEARER)
def register() -> Response:
    """Register a client: 201 with its metadata, id and secret."""
    op = provider()
    op.parts.limits.hit("30/minute", "register", client_network())
    try:
        token = presented_token()
        given = _metadata_document()
        with op.parts.database.write() as session:
            use_initial_access_token(session, token)
            done = register_client(session, op.parts.settings, op.parts.outbound, given, "initial_access_token")
    except BearerError as error:
        response = _json(
            {"error": error.error or "invalid_token", "error_description": error.description}, error.status
        )
        response.headers["WWW-Authenticate"] = error.challenge
        return response
    except MetadataError as error:
        return _json({"error": error.error, "error_description": str(error)}, 400)
    body: dict[str, Any] = {**done.metadata, "client_id": done.client_id, "client_id_issued_at": done.issued_at}
    if done.client_secret is not None:
        body |= {"client_secret": done.client_secret, "client_secret_expires_at": 0}
    return _json(body, 201)


def use_initial_access_token(session: Session, token: str) -> None:
    """Count one use. Raises `BearerError` for an unknown, expired or used-up one."""
    taken = session.execute(
        update(InitialAccessToken)
        .where(
            InitialAccessToken.token_digest == digest(token),
            InitialAccessToken.expires_at > clock.now(),
            InitialAccessToken.uses_left > 0,
        )
        .values(uses_left=InitialAccessToken.uses_left - 1)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise BearerError(401, "invalid_token", "The initial access token is not valid.")


def issue_initial_access_token(session: Session, note: str, uses: int, lifetime: timedelta) -> str:
    """A new one, shown once."""
    token = new_secret()
    session.add(
        InitialAccessToken(
            token_digest=digest(token), note=note[:200], uses_left=uses, expires_at=clock.now() + lifetime
        )
    )
    record(session, EventType.INITIAL_ACCESS_TOKEN_ISSUED)
    return token


def _metadata_document() -> dict[str, Any]:
    data = request.get_data(cache=False)
    if len(data) > MAX_BODY:
        raise MetadataError("request", "is too large")
    try:
        given = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise MetadataError("request", "is not JSON") from None
    if not isinstance(given, dict):
        raise MetadataError("request", "is not a JSON object")
    return given


def _json(body: dict[str, Any], status: int) -> Response:
    return Response(orjson.dumps(body), status, content_type="application/json", headers=NO_STORE)
