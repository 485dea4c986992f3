"""The forms in which an authorization request arrives: plain, by value as a request object, pushed, or to be fetched (RFC 9101, 9126).

Whatever the form, the rest of the provider sees plain parameters. A form weaker than the client's registration asks for is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...foundation.outbound import Bulkhead, OutboundError
from ...foundation.web.errors import ProblemError
from ..clients import RegisteredClient, is_registered_request
from ..errors import OAuth2Error
from ..flows import Check, Table
from ..policy import MESSAGE_SIGNING
from ..server import MAX_LENGTHS, Provider
from .authorize_checks import prove_client_and_redirect
from .authorize_request import AuthorizationError, AuthorizationRequest
from .pushed import PREFIX, find_pushed
from .request_object import RequestObjectError, open_request_object

# Anybody can have a registered address fetched, as often as they like.
_FETCHES = Bulkhead()


@dataclass(frozen=True)
class Opened:
    """A request's parameters, and how they came."""

    parameters: dict[str, str]
    pushed: bool = False
    signed: bool = False


def open_request(op: Provider, sent: dict[str, str]) -> Opened:
    """The request behind what came to the authorization endpoint. Raises `ProblemError` or `AuthorizationError`."""
    if "request" not in sent and "request_uri" not in sent:
        return Opened(sent)
    request_uri = sent.get("request_uri", "")
    if request_uri.startswith(PREFIX) and "request" not in sent:
        found = find_pushed(op, sent.get("client_id"), request_uri)
        if found is None:
            raise ProblemError(
                400,
                "invalid_request_uri",
                "This sign-in page has expired. Please go back to the app and press sign in again.",
            )
        return Opened(found.parameters, pushed=True, signed=found.signed)
    try:
        return Opened(_signed_parameters(op, sent), signed=True)
    except OAuth2Error as error:
        # Only what stands outside is left to say where the error may go; it must be proven like any other.
        proven = prove_client_and_redirect(op, sent)
        raise AuthorizationError(proven, error.error, error.description or "") from None


def _signed_parameters(op: Provider, sent: dict[str, str]) -> dict[str, str]:
    client = op.clients.get(sent.get("client_id"))
    if client is None:
        raise RequestObjectError("The client is not known.")
    if "request" in sent and "request_uri" in sent:
        raise OAuth2Error(error="invalid_request", description="Send request or request_uri, not both.")
    token = sent.get("request") or fetch(op, client, sent["request_uri"])
    return open_request_object(op, client, token)


def fetch(op: Provider, client: RegisteredClient, request_uri: str) -> str:
    """A request object from an address the client registered (RFC 9101 §5.2.3). Raises `OAuth2Error` (invalid_request_uri)."""
    if not is_registered_request(request_uri, client.metadata.get("request_uris") or ()):
        raise OAuth2Error(error="invalid_request_uri", description="The client has not registered this request_uri.")
    try:
        answer = op.parts.outbound.get(request_uri, _FETCHES, max_bytes=MAX_LENGTHS["request"])
    except OutboundError as error:
        raise OAuth2Error(error="invalid_request_uri", description=f"The request object: {error}.") from None
    if answer.status != 200:
        raise OAuth2Error(error="invalid_request_uri", description="The request object could not be read.")
    return answer.body.decode("ascii", "replace").strip()


def require_pushed_form(op: Provider, asked: AuthorizationRequest) -> None:
    """It was pushed, where the client or the installation asks for that."""
    if not asked.pushed and requires_pushed(op, asked.client):
        raise AuthorizationError(asked, "invalid_request", "This client's authorization requests must be pushed.")


def require_signed_form(_op: Provider, asked: AuthorizationRequest) -> None:
    """It was signed, where the client asks for that."""
    if not asked.signed and requires_signed(asked.client):
        raise AuthorizationError(asked, "invalid_request", "This client's authorization requests must be signed.")


FORM_CHECKS: Table[AuthorizationRequest, None] = Table(
    "The form in which it came",
    (
        Check(require_pushed_form, "RFC 9126 §5, §6; FAPI 2.0 Security Profile §5.3.2.2", "invalid_request"),
        Check(require_signed_form, "RFC 9101 §10.5; FAPI 2.0 Message Signing §5.3.1", "invalid_request"),
    ),
)


def requires_pushed(op: Provider, client: RegisteredClient) -> bool:
    """RFC 9126 §5, §6; FAPI 2.0 §5.3.2.2."""
    return bool(
        op.parts.settings.require_pushed_authorization_requests
        or client.fapi_profile is not None
        or client.metadata.get("require_pushed_authorization_requests")
    )


def requires_signed(client: RegisteredClient) -> bool:
    """RFC 9101 §10.5; FAPI 2.0 Message Signing §5.3.1."""
    return client.fapi_profile == MESSAGE_SIGNING or bool(client.metadata.get("require_signed_request_object"))
