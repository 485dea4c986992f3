"""Token revocation (RFC 7009): a client ends its own tokens; whether a token was one of its own is not told."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response
from sqlalchemy import delete
from sqlalchemy.orm import Session

from ...foundation import clock
from ...foundation.database import from_ms, insert_if_absent
from ...foundation.housekeeping import cleans_up
from ...foundation.web.callers import Caller, called_by
from ..client_auth import ANY_CLIENT
from ..flows import Check, ClientRequest, EndpointResponse, ListedEndpoint, Table, answered
from ..grants import revoke_grants
from ..grants.model import Grant
from ..server import provider
from ..tokens import (
    TokenError,
    api_audience,
    check_access_token,
    read_refresh_token,
    reference_tokens,
    userinfo_audience,
)
from ..tokens.model import RevokedToken
from .token_sent import require_token

bp = Blueprint("revocation", __name__)


CHECKS: Table[ClientRequest, None] = Table(
    "A token that its client ends",
    (*ANY_CLIENT, Check(require_token, "RFC 7009 §2.1", "invalid_request")),
)


class RevocationEndpoint(ListedEndpoint):
    """Registered with Authlib's server."""

    ENDPOINT_NAME = "revocation"
    ASKED = ClientRequest
    CHECKS = CHECKS

    def create_response(self, asked: ClientRequest) -> EndpointResponse:
        """§2.2: no body."""
        client_id, token = asked.client.client_id, asked.form["token"]
        if not _revoke_refresh_token(client_id, token):
            _revoke_access_token(client_id, token)
            reference_tokens.revoke(client_id, token)
        return 200, "", ()


@bp.post("/revoke")
@called_by(Caller.CLIENT)
def revoke() -> Response:
    """A refresh token ends its whole family (RFC 7009 §2.1), an access token itself; browser apps may ask too (§2.3)."""
    return answered(RevocationEndpoint)


def _revoke_refresh_token(client_id: str, text: str) -> bool:
    op = provider()
    token = read_refresh_token(op.parts.vault, text)
    if token is None:
        return False
    with op.parts.database.write() as session:
        grant = session.get(Grant, token.grant_id)
        if grant is None or grant.client_id != client_id:
            return False
        revoke_grants(session, [grant.grant_id])
        return True


def _revoke_access_token(client_id: str, token: str) -> None:
    op = provider()
    for audience in (userinfo_audience(op.parts.settings), api_audience(op.parts.settings)):
        try:
            found = check_access_token(op.parts.settings, op.keys, token, audience)
        except TokenError:
            continue
        if found.client_id != client_id:
            return
        with op.parts.database.write() as session:
            expires_at = from_ms(found.expires_at * 1000) + timedelta(seconds=60)
            insert_if_absent(session, RevokedToken, ["jti"], {"jti": found.jti, "expires_at": expires_at})
        return


@cleans_up
def forget_revoked(session: Session) -> None:
    session.execute(delete(RevokedToken).where(RevokedToken.expires_at < clock.now()))
