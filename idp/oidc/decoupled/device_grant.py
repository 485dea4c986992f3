"""`grant_type=urn:ietf:params:oauth:grant-type:device_code` (RFC 8628 §3.4): the device polls until the resident has answered."""

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError, UnauthorizedClientError
from authlib.oauth2.rfc8628 import DeviceCodeGrant
from sqlalchemy.orm import Session

from ...foundation.vault import digest
from ..client_auth.authenticate import METHODS, authenticate
from ..protection.protect import require_encryption_key
from ..server.provider import provider
from ..token_endpoint.grants.authorization_code import token_body
from .model import DeviceAuthorization
from .waiting import take_grant


class DeviceGrant(DeviceCodeGrant):  # type: ignore[misc]
    """Registered with Authlib's server."""

    TOKEN_ENDPOINT_AUTH_METHODS = list(METHODS)

    def validate_token_request(self) -> None:
        client = authenticate(self.request)
        if not client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client is not authorized to use the device flow.")
        if "device_code" not in self.request.form:
            raise InvalidRequestError("Missing 'device_code' in request.")
        self.request.client = client
        require_encryption_key(provider(), client)

    def create_token_response(self) -> tuple[int, dict[str, Any], Any]:
        op, client = provider(), self.request.client
        device_code = digest(self.request.form["device_code"])

        def find(session: Session) -> DeviceAuthorization | None:
            return session.get(DeviceAuthorization, device_code, with_for_update=True)

        resource = self.request.form.get("resource")
        grant, refresh_token = take_grant(op, client, find, resource)
        return 200, token_body(client, grant, refresh_token, resource=resource), self.TOKEN_RESPONSE_HEADER
