"""Client configuration endpoint (RFC 7592): an app reads, replaces and ends its own registration."""

from __future__ import annotations

import hmac
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
from ..clients import CLIENT_ID
from ..clients.model import Client
from ..grants.model import Grant
from ..server import NO_STORE, provider
from ..token_endpoint import BearerError, presented_token
from .change_client import change_client, options_of
from .register_client import prepare_client
from .registration import json_response, metadata_document, refused

bp = Blueprint("client_management", __name__)

# What only we say about a client; a request that carries one of them is refused (§2.2).
_OURS = ("registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at")
_FAILURES = "30/minute"
TRIES = 3


@bp.route("/register/<client_id>", methods=["GET", "PUT", "DELETE"])
@called_by(Caller.BEARER)
def manage(client_id: str) -> Response:
    """The client named by the registration access token, and no other."""
    op = provider()
    try:
        token = presented_token()
        row = _client_of(client_id, token)
        if request.method == "GET":
            return json_response(configuration(row, token), 200)
        if request.method == "DELETE":
            with op.parts.database.write() as session:
                _end(session, client_id, token)
            op.clients.forget(client_id)
            return Response(status=204, headers=NO_STORE)
        return _replace(row, token)
    except (BearerError, MetadataError) as error:
        return refused(error)


def configuration(row: Client, token: str, secret: str | None = None) -> dict[str, Any]:
    """The client information response (§3). A secret is stored as a digest, so it appears only when it is new."""
    body: dict[str, Any] = {
        **orjson.loads(row.metadata_json),
        "client_id": row.client_id,
        "client_id_issued_at": int(row.created_at.timestamp()),
        "registration_access_token": token,
        "registration_client_uri": client_uri(row.client_id),
    }
    if row.secret_digest is not None:
        body["client_secret_expires_at"] = 0
    if secret is not None:
        body["client_secret"] = secret
    return body


def client_uri(client_id: str) -> str:
    return f"{provider().parts.settings.issuer}/register/{client_id}"


def _client_of(client_id: str, token: str) -> Client:
    """Raises the same 401 for an unknown client, an ended one and a wrong token (§2: never 404)."""
    op = provider()
    op.parts.limits.check(_FAILURES, "manage-client", client_network())
    with op.parts.database.read() as session:
        row = session.get(Client, client_id) if CLIENT_ID.fullmatch(client_id) else None
    expected = row.registration_token_digest if row is not None and row.active else None
    if row is None or expected is None or not hmac.compare_digest(expected, digest(token)):
        op.parts.limits.hit(_FAILURES, "manage-client", client_network())
        raise BearerError(401, "invalid_token", "The registration access token is not valid here.")
    return row


def _replace(row: Client, token: str) -> Response:
    """The whole metadata anew (§2.2): what is left out is gone. The registration access token is rotated."""
    op, given, new_token = provider(), _checked_document(row), new_secret()
    for _ in range(TRIES):
        client_id, options = row.client_id, options_of(row)
        # Fetches what the metadata names, so not within the transaction.
        prepared = prepare_client(op.parts.settings, op.parts.outbound, given, options, by_itself=True)
        with op.parts.database.write() as session:
            row = _take(session, client_id, token, digest(new_token))
            if options_of(row) == options:
                by = "registration_access_token"
                secret = change_client(session, op.parts.settings, client_id, prepared, options, by)
                break
            session.rollback()  # the city decided meanwhile: what was checked was checked for another profile
        row = _client_of(client_id, token)
    else:
        raise MetadataError("client_id", "the app is being changed at the desk; send it again")
    op.clients.forget(client_id)
    op.keys.forget()
    return json_response(configuration(row, new_token, secret), 200)


def _checked_document(row: Client) -> dict[str, Any]:
    given = metadata_document()
    for member in _OURS:
        if member in given:
            raise MetadataError(member, "is not for the client to say")
    if given.pop("client_id", None) != row.client_id:
        raise MetadataError("client_id", "must be the client's own")
    secret = given.pop("client_secret", None)
    if secret is not None and not (
        isinstance(secret, str) and hmac.compare_digest(digest(secret), row.secret_digest or "")
    ):
        raise MetadataError("client_secret", "must be the one it was given")
    return given


def _take(session: Session, client_id: str, token: str, new_digest: str | None) -> Client:
    """Exchange the token's digest, so that of two requests at once one fails. Raises `BearerError`."""
    done = session.execute(
        update(Client)
        .where(
            Client.client_id == client_id,
            Client.active.is_(True),
            Client.registration_token_digest == digest(token),
        )
        .values(registration_token_digest=new_digest, changed_at=clock.now())
    )
    if done.rowcount != 1:  # type: ignore[attr-defined]
        raise BearerError(401, "invalid_token", "The registration access token was used meanwhile.")
    return session.get_one(Client, client_id, populate_existing=True)


def _end(session: Session, client_id: str, token: str) -> None:
    """Deregistered (§2.3): nothing of it works any more; the row stays, since history names it."""
    row = _take(session, client_id, token, None)
    row.active = False
    session.execute(
        update(Grant).where(Grant.client_id == client_id, Grant.revoked_at.is_(None)).values(revoked_at=clock.now())
    )
    record(session, AuditEventType.CLIENT_ENDED, client_id=client_id, by="registration_access_token")
