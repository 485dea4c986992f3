"""Dynamic client registration (RFC 7591 §3, OIDC Registration §3) with an initial access token."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
from flask import Blueprint, Response, request
from sqlalchemy import update
from sqlalchemy.orm import Session

from ...audit import AuditEventType, record
from ...foundation import clock
from ...foundation.ids import new_secret
from ...foundation.vault import digest
from ...foundation.web.callers import Caller, called_by
from ...foundation.web.network import client_network
from ..client_metadata import MetadataError
from ..server import NO_STORE, provider, told
from ..token_endpoint import NO_TOKEN, BearerError, presented_token
from .model import InitialAccessToken
from .register_client import CityOptions, prepare_client, store_client

bp = Blueprint("registration", __name__)

MAX_BODY = 65536


@bp.post("/register")
@called_by(Caller.BEARER)
def register() -> Response:
    """Register a client: 201 with its metadata, id and secret."""
    op = provider()
    try:
        token = _counted_token()
        given = metadata_document()
        prepared = prepare_client(op.parts.settings, op.parts.outbound, given, CityOptions(), by_itself=True)
        with op.parts.database.write() as session:
            use_initial_access_token(session, token)
            done = store_client(session, op.parts.settings, prepared, "initial_access_token", manageable=True)
        op.keys.forget()
    except (BearerError, MetadataError) as error:
        return refused(error)
    body: dict[str, Any] = {
        **done.metadata,
        "client_id": done.client_id,
        "client_id_issued_at": done.issued_at,
        "registration_access_token": done.registration_token,
        "registration_client_uri": f"{op.parts.settings.issuer}/register/{done.client_id}",
    }
    if done.client_secret is not None:
        body |= {"client_secret": done.client_secret, "client_secret_expires_at": 0}
    return json_response(body, 201)


def _counted_token() -> str:
    """The initial access token. Each has a limit of its own, and so have requests without a good one: who has none keeps nobody else
    from registering. Raises `BearerError`, `LimitExceededError`.
    """
    limits, rate = provider().parts.limits, provider().parts.settings.register_limit
    try:
        token = presented_token()
        require_initial_access_token(token)
    except BearerError:
        limits.hit(rate, "register-refused", client_network())
        raise
    limits.hit(rate, "register", digest(token), client_network())
    return token


def refused(error: BearerError | MetadataError) -> Response:
    """The error response of registration and management (RFC 7591 §3.2.2, RFC 6750 §3)."""
    if isinstance(error, MetadataError):
        return json_response(told({"error": error.error, "error_description": str(error)}), 400)
    said = error.description or NO_TOKEN
    body = {"error": error.error or "invalid_token", "error_description": said}
    response = json_response(told(body), error.status)
    response.headers["WWW-Authenticate"] = error.challenge
    return response


def require_initial_access_token(token: str) -> None:
    """Look before anything is fetched or written; the use is counted later. Raises `BearerError`."""
    with provider().parts.database.read() as session:
        row = session.get(InitialAccessToken, digest(token))
    if row is None or row.expires_at <= clock.now() or row.uses_left <= 0:
        raise BearerError(401, "invalid_token", "The initial access token is not valid.")


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
    record(session, AuditEventType.INITIAL_ACCESS_TOKEN_ISSUED)
    return token


def metadata_document() -> dict[str, Any]:
    """The JSON object of this request. Raises `MetadataError`."""
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


def json_response(body: dict[str, Any], status: int) -> Response:
    return Response(orjson.dumps(body), status, content_type="application/json", headers=NO_STORE)
