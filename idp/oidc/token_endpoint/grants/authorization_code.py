"""`grant_type=authorization_code` (RFC 6749 §4.1, OIDC Core §3.1) with PKCE S256 (RFC 7636), at both endpoints.

Authlib's code grant and its PKCE extension validate the authorization request (a row of /authorize), the table the token request.
"""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge

from ...errors import InvalidRequestError
from ...flows import ListedGrant
from ...grants import settle
from ...server import provider
from ..answers import grant_answer
from .code_checks import CHECKS, CodeRequest


class S256Only(CodeChallenge):
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


class CodeGrant(ListedGrant, AuthorizationCodeGrant):
    """Registered with Authlib's server."""

    GRANT_TYPE = CodeRequest.GRANT_TYPE
    ASKED = CodeRequest
    CHECKS = CHECKS

    def token_response(self, asked: CodeRequest) -> dict[str, Any]:
        """OIDC Core §3.1.3.3; with what a managed grant brings along."""
        grant = settle(provider(), asked.grant) if asked.grant.rich is not None else asked.grant
        return grant_answer(asked.client, grant, asked.refresh_token, resource=asked.form.get("resource"))
