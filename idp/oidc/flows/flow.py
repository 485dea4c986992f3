"""Endpoints that a client itself calls: a form, a table of checks, and the answer when all of them pass.

The frame is Authlib's: `AuthorizationServer.create_endpoint_response` has the request validated and answers it, or says the error.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import BaseGrant, Endpoint, EndpointRequest, TokenEndpointMixin
from flask import Response

from ..clients import NOBODY, RegisteredClient
from ..errors import InvalidRequestError
from ..server import ProtocolRequest, Provider, provider
from .checks import Check, Table

JSON = (("Content-Type", "application/json"),)
EndpointResponse = tuple[int, Any, Iterable[tuple[str, str]]]
"""Status, body and headers, as Authlib's server takes them."""


@dataclass
class ClientRequest(EndpointRequest):
    """A client's request as far as it was checked; each flow adds what its checks find."""

    GRANT_TYPE: ClassVar[str] = ""
    """What the client must have registered for this."""

    request: ProtocolRequest
    client: RegisteredClient = NOBODY

    @property
    def form(self) -> dict[str, str]:
        """The parameters as they were sent."""
        return self.request.form


class ListedEndpoint(Endpoint):
    """Authlib's endpoint, validated by a table. A flow gives `ENDPOINT_NAME`, what it asks, its table, and the answer."""

    ASKED: ClassVar[type[ClientRequest]]
    CHECKS: ClassVar[Table[Any, None]]

    def validate_request(self, request: ProtocolRequest) -> ClientRequest:
        """Run the table. Raises `OAuth2Error`."""
        asked = self.ASKED(request)
        self.CHECKS.run(provider(), asked)
        return asked


def answered(endpoint: type[ListedEndpoint]) -> Response:
    """The current request, validated and answered by Authlib's server, errors too."""
    response: Response = provider().server.create_endpoint_response(endpoint.ENDPOINT_NAME)
    return response


class ListedGrant(BaseGrant, TokenEndpointMixin):
    """Authlib's extension grant, validated by a table. A grant gives `GRANT_TYPE`, what it asks, its table, and the token response.

    When the table has passed everything is decided and written; the response only says it.
    """

    ASKED: ClassVar[type[ClientRequest]]
    CHECKS: ClassVar[Table[Any, None]]

    def validate_token_request(self) -> None:
        """Run the table. Raises `OAuth2Error`."""
        self.asked = self.ASKED(self.request)
        self.CHECKS.run(provider(), self.asked)

    def create_token_response(self) -> EndpointResponse:
        """RFC 6749 §5.1."""
        return 200, self.token_response(self.asked), self.TOKEN_RESPONSE_HEADER

    def token_response(self, asked: Any) -> dict[str, Any]:
        """The members of the response. Raises `OAuth2Error`."""
        raise NotImplementedError


def require_readable_form(_op: Provider, asked: ClientRequest) -> None:
    """The request is a form that can be read: each parameter once, bounded in length and number."""
    if asked.request.fault is not None:
        raise InvalidRequestError(asked.request.fault)


FORM: tuple[Check[ClientRequest, None], ...] = (
    Check(require_readable_form, "RFC 6749 §3.2, Appendix B", "invalid_request"),
)
