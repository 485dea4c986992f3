"""`grant_type=authorization_code` (RFC 6749 §4.1.3, OIDC Core §3.1.3) with PKCE S256 (RFC 7636).

Client, redirect URI, challenge, key and expiry are looked at before anything is written, so nothing is consumed by a request that is
not entitled to it. One statement then makes the grant, if the login lives and no grant was made by this code before.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import replace
from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, UnauthorizedClientError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge

from ....audit import EventType, record
from ....foundation import clock
from ....foundation.vault import digest
from ...client_auth.authenticate import METHODS, authenticate
from ...client_auth.sender import sender_key
from ...grants.grant_management import settle
from ...grants.model import Grant
from ...grants.revoke import revoke_grants
from ...protection.protect import require_encryption_key
from ...resources.resource_access import check_target, department_token, own_part, own_target
from ...resources.rich_request import token_members
from ...server.provider import Provider, provider
from ...storage.interface import GrantFacts, Redemption
from ...tokens.codes import Code, open_code
from ...tokens.id_token import make_id_token
from ...tokens.refresh_tokens import first_refresh_token
from ...tokens.tokens import make_access_token

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class S256Only(CodeChallenge):  # type: ignore[misc]
    """PKCE at the authorization endpoint, S256 the only method; or a nonce where that is enough (RFC 9700 §2.1.1)."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def __call__(self, grant: Any) -> None:
        grant.register_hook("after_validate_authorization_request_payload", self.require_challenge)
        grant.register_hook("after_validate_authorization_request_payload", self.validate_code_challenge)

    def require_challenge(self, grant: Any, redirect_uri: str) -> None:
        data = grant.request.payload.data
        challenge = data.get("code_challenge")
        if challenge is None:
            needed = grant.request.client.code_binding(provider().parts.settings.code_binding)
            if needed == "pkce":
                raise InvalidRequestError("Missing 'code_challenge'")
            if needed == "nonce" and "nonce" not in data:
                raise InvalidRequestError("Missing 'code_challenge' or 'nonce': one of them is needed")
            return
        if data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("Unsupported 'code_challenge_method'")
        if len(challenge) != 43:
            raise InvalidRequestError("Invalid 'code_challenge'")


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    """Registered with Authlib's server."""

    TOKEN_ENDPOINT_AUTH_METHODS = list(METHODS)

    def validate_requested_scope(self) -> None:
        """Unknown scopes are ignored (OIDC Core §3.1.2.1), forbidden ones refused by `get_allowed_scope`."""

    def validate_token_request(self) -> None:
        client = authenticate(self.request)
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client is not authorized to use 'grant_type=authorization_code'")
        code = self.request.form.get("code")
        if code is None:
            raise InvalidRequestError("Missing 'code' in request.")
        self.request.client = client
        opened = open_code(provider(), client.client_id, code)
        if opened is None:
            raise InvalidGrantError("Invalid 'code' in request.")
        if "resource" in self.request.form:
            check_target(
                provider().parts.settings, opened.grant.resource, opened.grant.scope, self.request.form["resource"]
            )
        require_encryption_key(provider(), client)
        self.request.authorization_code = self._redeem(client, opened)

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        op, client = provider(), self.request.client
        grant, refresh_token = self.request.authorization_code
        if grant.rich is not None:
            grant = settle(op, grant)
        body = token_body(client, grant, refresh_token, resource=self.request.form.get("resource"))
        op.server.save_token(body, self.request)
        return 200, body, self.TOKEN_RESPONSE_HEADER

    def _redeem(self, client: Any, code: Code) -> tuple[GrantFacts, str | None]:
        op, now, sender = provider(), clock.epoch_ms(), sender_key()
        settings = op.parts.settings
        refusal = _refusal(code, self.request.form, sender.binding)
        renews = client.check_grant_type("refresh_token")
        refresh_token = first_refresh_token(op.parts.vault, code.grant.grant_id) if renews else None
        lasting = settings.refresh_absolute_seconds if refresh_token else settings.access_token_seconds
        grant = replace(code.grant, expires_at=now + lasting * 1000)
        redemption = Redemption(
            grant=grant,
            offline="offline_access" in grant.scope.split(),
            refresh_digest=digest(refresh_token) if refresh_token else None,
            refresh_expires_at=now + settings.refresh_idle_seconds * 1000 if refresh_token else None,
            key_binding=sender.binding if client.auth_method == "none" else None,
        )
        expires_at = op.store.redeem_code(redemption, now) if refusal is None and code.grant.expires_at > now else None
        if expires_at is None:
            _end_if_used(op, code.grant)
            raise refusal or InvalidGrantError("Invalid 'code' in request.")
        return replace(grant, expires_at=expires_at), refresh_token


def token_body(
    client: Any, grant: GrantFacts, refresh_token: str | None, scope: str | None = None, resource: str | None = None
) -> dict[str, Any]:
    """The token response of a grant (RFC 6749 §5.1, OIDC Core §3.1.3.3); `scope` and `resource` name a part of it."""
    op = provider()
    settings, now = op.parts.settings, clock.epoch()
    scope = scope or grant.scope
    scopes = set(scope.split())
    seconds = settings.access_token_seconds
    if own_target(settings, grant, resource):
        scope, audience = own_part(settings, grant, scope, resource)
        access_token = make_access_token(
            settings,
            op.keys,
            client_id=client.client_id,
            sub=grant.sub,
            scope=scope,
            audience=audience,
            grant_id=grant.grant_id,
            now=now,
            confirmation=sender_key().confirmation,
        )
    else:
        access_token, seconds, scope = department_token(op, client, grant, scope, resource)
    body = {
        "access_token": access_token,
        "token_type": sender_key().token_type,
        "expires_in": seconds,
        "scope": scope,
    }
    if refresh_token is not None:
        body["refresh_token"] = refresh_token
    if grant.rich is not None:
        body |= token_members(grant.rich)
    if "openid" in scopes:
        body["id_token"] = make_id_token(op, client, grant, now, access_token)
    return body


def _challenge_of(verifier: str | None) -> str:
    """S256 of the verifier; empty without one (RFC 7636 §4.2). Raises `InvalidRequestError` for a malformed one."""
    if verifier is None:
        return ""
    if not _VERIFIER.fullmatch(verifier):
        raise InvalidRequestError("Invalid 'code_verifier'")
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _refusal(code: Code, form: Any, key_binding: str | None) -> Any:
    """What of the token request does not belong to this code; None if all does. Raises for a malformed verifier."""
    verifier = form.get("code_verifier")
    challenge = _challenge_of(verifier)
    if code.challenge and verifier is None:
        return InvalidGrantError("Missing 'code_verifier'")  # RFC 7636 §4.6: it does not match the challenge
    if not code.challenge and verifier is not None:
        return InvalidRequestError("A 'code_verifier' was sent, but the authorization request had no 'code_challenge'.")
    if not hmac.compare_digest(code.challenge, challenge):
        return InvalidGrantError("Code challenge failed.")
    if code.key_binding is not None and code.key_binding != key_binding:
        return InvalidGrantError("The code is bound to another DPoP key.")
    redirect_uri = form.get("redirect_uri")
    if redirect_uri != code.redirect_uri and (redirect_uri is not None or code.redirect_given):
        return InvalidGrantError("Invalid 'redirect_uri' in request.")
    return None


def _end_if_used(op: Provider, grant: GrantFacts) -> None:
    """A second use revokes what the first gave (RFC 6749 §4.1.2)."""
    with op.parts.database.read() as session:
        if session.get(Grant, grant.grant_id) is None:
            return
    with op.parts.database.write() as session:
        revoke_grants(session, [grant.grant_id])
        record(session, EventType.CODE_REUSED, resident_id=grant.resident_id, client_id=grant.client_id)
