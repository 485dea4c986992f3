"""What FAPI 2.0, and a client's own registration of bound tokens, ask of an authorization request."""

from __future__ import annotations

from ..errors import InvalidRequestError, UnauthorizedClientError
from ..policy import MESSAGE_SIGNING
from ..server import Provider
from .authorize_request import AuthorizationRequest


def require_strong_request(_op: Provider, asked: AuthorizationRequest) -> None:
    """A FAPI client asks for a code, with its redirect URI and PKCE, and with a signed answer if it signs messages."""
    client = asked.client
    if client.fapi_profile is None:
        return
    if asked.parameters.get("response_type") != "code":
        raise InvalidRequestError("FAPI 2.0: the response_type must be code.")
    if not asked.redirect_given:
        raise InvalidRequestError("FAPI 2.0: redirect_uri must be sent.")
    if "code_challenge" not in asked.parameters:
        raise InvalidRequestError("FAPI 2.0: code_challenge must be sent.")
    if client.fapi_profile == MESSAGE_SIGNING and not asked.response_mode.endswith("jwt"):
        raise InvalidRequestError("FAPI 2.0 Message Signing: the response_mode must be a JWT mode.")


def reject_unbound_front_channel_token(_op: Provider, asked: AuthorizationRequest) -> None:
    """A token from the authorization endpoint hangs on no key; a client that registered bound tokens gets none."""
    metadata = asked.client.metadata
    bound = metadata.get("dpop_bound_access_tokens") or metadata.get("tls_client_certificate_bound_access_tokens")
    if bound and "token" in asked.parameters.get("response_type", "").split():
        raise UnauthorizedClientError("This client's access tokens are bound to a key: use response_type code.")
