"""`grant_type=urn:openid:params:grant-type:ciba` (CIBA §10.1): the app fetches the tokens, by polling or after a ping."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import BaseGrant, InvalidRequestError, TokenEndpointMixin, UnauthorizedClientError
from sqlalchemy.orm import Session

from ...foundation.vault import digest
from ..client_auth.authenticate import METHODS, authenticate
from ..clients.grant_types import CIBA
from ..protection.protect import require_encryption_key
from ..server.provider import provider
from ..token_endpoint.grants.authorization_code import token_body
from .model import BackchannelRequest
from .waiting import take_grant


class CibaGrant(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
    """Registered with Authlib's server."""

    GRANT_TYPE = CIBA
    TOKEN_ENDPOINT_AUTH_METHODS = [m for m in METHODS if m != "none"]

    def validate_token_request(self) -> None:
        client = authenticate(self.request, tuple(self.TOKEN_ENDPOINT_AUTH_METHODS))
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client is not authorized to use CIBA.")
        if "auth_req_id" not in self.request.form:
            raise InvalidRequestError("Missing 'auth_req_id' in request.")
        self.request.client = client
        require_encryption_key(provider(), client)

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        op, client = provider(), self.request.client
        auth_req_id = digest(self.request.form["auth_req_id"])

        def find(session: Session) -> BackchannelRequest | None:
            return session.get(BackchannelRequest, auth_req_id, with_for_update=True)

        resource = self.request.form.get("resource")
        grant, refresh_token = take_grant(op, client, find, resource)
        return 200, token_body(client, grant, refresh_token, resource=resource), self.TOKEN_RESPONSE_HEADER
