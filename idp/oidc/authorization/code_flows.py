"""The flows of the authorization endpoint as Authlib's server finds them, by `response_type`, with its PKCE extension (RFC 7636).

What Authlib checks of them is one row of the table: the response type is registered, the scope, the challenge.
"""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationEndpointMixin, BaseGrant
from authlib.oauth2.rfc6749.grants.authorization_code import validate_code_authorization_request
from authlib.oauth2.rfc7636 import CodeChallenge

from ..client_metadata import RESPONSE_TYPES
from ..errors import InvalidRequestError
from ..server import provider


class S256Only(CodeChallenge):
    """PKCE at the authorization endpoint, S256 the only method; or a nonce where that is enough (RFC 9700 §2.1.1)."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def __call__(self, grant: Any) -> None:
        grant.register_hook("after_validate_authorization_request_payload", self.require_challenge)

    def require_challenge(self, grant: Any, redirect_uri: str) -> None:
        """A challenge as long as S256 makes it, for a response with a code."""
        data = grant.request.payload.data
        if "code" not in data["response_type"].split():
            return
        challenge = data.get("code_challenge")
        if challenge is None:
            needed = grant.request.client.code_binding(provider().parts.settings.code_binding)
            if needed == "pkce":
                raise InvalidRequestError("Missing 'code_challenge'")
            if needed == "nonce" and "nonce" not in data:
                raise InvalidRequestError("Missing 'code_challenge' or 'nonce': one of them is needed")
        elif data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("Unsupported 'code_challenge_method'")
        elif len(challenge) != 43:
            raise InvalidRequestError("Invalid 'code_challenge'")
        self.validate_code_challenge(grant, redirect_uri)


class CodeFlow(BaseGrant, AuthorizationEndpointMixin):
    """RFC 6749 §4.1.1."""

    RESPONSE_TYPES = {"code"}

    def validate_authorization_request(self) -> str:
        """What Authlib checks for every flow. Raises `OAuth2Error`."""
        return validate_code_authorization_request(self)


class HybridFlow(CodeFlow):
    """OIDC Core §3.2, §3.3, their words in order. Registered only where the operator switched it on."""

    RESPONSE_TYPES = {" ".join(sorted(kind.split())) for kind in RESPONSE_TYPES}
