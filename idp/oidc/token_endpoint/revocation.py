"""Token revocation (RFC 7009): a client ends its own tokens; whether a token was one of its own is not told."""

from __future__ import annotations

from datetime import timedelta

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from flask import Blueprint, Response

from ...foundation.database import from_ms, insert_if_absent
from ...foundation.web.callers import Caller, called_by
from ..client_auth.authenticate import authenticate
from ..grants.model import Grant
from ..grants.revoke import revoke_grants
from ..server.provider import NO_STORE, provider
from ..tokens import reference_tokens
from ..tokens.model import RevokedToken
from ..tokens.refresh_tokens import read_refresh_token
from ..tokens.tokens import TokenError, api_audience, check_access_token, userinfo_audience
from .token import oauth_error, protocol_request

bp = Blueprint("revocation", __name__)


@bp.post("/revoke")
@called_by(Caller.CLIENT)
def revoke() -> Response:
    """A refresh token ends its whole family (RFC 7009 §2.1), an access token itself; browser apps may ask too (§2.3)."""
    try:
        request = protocol_request()
        client = authenticate(request)
        token = request.form.get("token")
        if token is None:
            raise InvalidRequestError("Missing 'token' in request.")
        if not _revoke_refresh_token(client.client_id, token):
            _revoke_access_token(client.client_id, token)
            reference_tokens.revoke(client.client_id, token)
    except OAuth2Error as error:
        return oauth_error(error)
    done = Response(status=200, headers=NO_STORE)
    # No body, so of no type: Flask would say text/html, which libraries that expect JSON refuse.
    del done.headers["Content-Type"]
    return done


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
